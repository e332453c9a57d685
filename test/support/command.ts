import { execFile } from "node:child_process";
import { join } from "node:path";
import { makeRepository, type TestRepository } from "./git.js";

/** What a run of the built command gave. */
export interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

/** The built command. */
export const commandPath = join(import.meta.dirname, "../../dist/main.js");

/** A project in a real repository, and the built command in it. */
export interface TestProject extends TestRepository {
  /** Variables of the command's environment; tests add their URLs here. */
  variables: Record<string, string>;
  /** Runs `heddle` there. */
  heddle(...args: string[]): Promise<Run>;
  /** Runs `heddle` and throws what it said where the exit code is not 0. */
  succeed(...args: string[]): Promise<Run>;
}

export function makeProject(config: string): TestProject {
  const repository = makeRepository();
  const variables: Record<string, string> = {};
  const heddle = (...args: string[]) =>
    runCommand(repository.directory, { ...repository.environment, ...variables }, args);
  repository.write("weave-configs/heddle.yaml", config);
  repository.commitAll("configure heddle");
  return Object.assign(repository, {
    variables,
    heddle,
    async succeed(...args: string[]) {
      const run = await heddle(...args);
      if (run.code !== 0) throw new Error(`heddle ${args.join(" ")} gave ${run.code}:\n${run.stdout}\n${run.stderr}`);
      return run;
    },
  });
}

/** Runs the built command in a directory. Nothing of the caller's environment but what is given. */
export function runCommand(
  directory: string,
  environment: Record<string, string>,
  args: readonly string[],
): Promise<Run> {
  return new Promise((resolve) => {
    const options = { cwd: directory, env: environment, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, [commandPath, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}
