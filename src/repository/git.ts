import { type ChildProcess, spawn } from "node:child_process";
import { HeddleError } from "../model/errors.js";

/** How git commands are run for one repository. */
export interface Git {
  /** Working directory of the commands. */
  directory: string;
  /** The repository's directory that all work trees share. */
  commonDirectory: string;
  /** As `gitVariables` makes it. */
  environment: Environment;
  /** Options before the command, such as `--git-dir=…`. */
  options: readonly string[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What git needs beside the caller's clean environment (config/environment.ts) to give the same bytes everywhere and ask nothing. */
export function gitVariables(environment: Environment): Environment {
  return {
    ...environment,
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_LITERAL_PATHSPECS: "1",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_ATTR_NOSYSTEM: "1",
  };
}

const safety = [
  "--no-pager",
  ...["core.hooksPath=/dev/null", "core.fsmonitor=false", "protocol.ext.allow=never"].flatMap((setting) => [
    "-c",
    setting,
  ]),
];

export interface Outcome {
  code: number;
  stdout: Buffer;
  stderr: string;
}

/** Runs a git command to its end, or for `timeout` ms, or until `signal`: exit code -1. HDL300 for a code that is neither 0 nor in `allow`. */
export async function run(
  git: Git,
  args: readonly string[],
  more: {
    input?: string | Uint8Array;
    allow?: readonly number[];
    variables?: Environment;
    timeout?: number;
    signal?: AbortSignal;
  } = {},
): Promise<Outcome> {
  const child = start(git, args, more.variables, more);
  const chunks: Buffer[] = [];
  child.stdout!.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stdin!.end(more.input ?? "");
  const { code, stderr } = await finished(child);
  if (code !== 0 && !more.allow?.includes(code)) throw failure(args, stderr);
  return { code, stdout: Buffer.concat(chunks), stderr };
}

/** The output of a git command without its final newline. */
export async function output(git: Git, args: readonly string[]): Promise<string> {
  return (await run(git, args)).stdout.toString().replace(/\n$/, "");
}

/** Output split at NUL bytes. */
export async function outputList(git: Git, args: readonly string[], variables: Environment = {}): Promise<string[]> {
  return (await run(git, args, { variables })).stdout.toString().split("\0").slice(0, -1);
}

/**
 * Starts a git command; `detached` from the terminal, whose Ctrl-C it then does not get. Writing to one that has ended is
 * no error here: its exit code tells.
 */
export function start(
  git: Git,
  args: readonly string[],
  variables: Environment = {},
  { timeout, signal, detached = false }: { timeout?: number; signal?: AbortSignal; detached?: boolean } = {},
): ChildProcess {
  const child = spawn("git", [...safety, ...git.options, ...args], {
    cwd: git.directory,
    env: { ...git.environment, ...variables },
    stdio: ["pipe", "pipe", "pipe"],
    detached,
    ...(timeout !== undefined && { timeout }),
    ...(signal && { signal }),
  });
  child.stdin!.on("error", () => {});
  return child;
}

/** Waits for the end of a command; collects what it says on stderr, the first part of it. */
export async function finished(child: ChildProcess): Promise<{ code: number; stderr: string }> {
  let stderr = "";
  child.stderr!.setEncoding("utf8").on("data", (chunk: string) => {
    if (stderr.length < 10_000) stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    // Ended by its signal: the code tells.
    child.on(
      "error",
      (cause) =>
        cause.name === "AbortError" || reject(new HeddleError("HDL300", "git cannot be started", startHint(cause))),
    );
    child.on("close", (code) => resolve({ code: code ?? -1, stderr }));
  });
}

/** HDL300 with what git said. */
export function failure(args: readonly string[], stderr: string, hint?: string): HeddleError {
  const said = plainText(stderr)
    .trim()
    .replace(/^(?:fatal|error): /, "");
  const more = hint === undefined ? {} : { hint };
  return new HeddleError("HDL300", `git ${args[0]} failed: ${said === "" ? "it gave no reason" : said}`, more);
}

function startHint(cause: Error): { hint?: string; cause: unknown } {
  const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
  return missing ? { hint: "install git, or put it on PATH", cause } : { cause };
}

/** Text for people: no credentials of URLs, no control or formatting characters but newlines. */
export function plainText(text: string): string {
  return text
    .replaceAll(/\p{Surrogate}/gu, "\uFFFD")
    .replaceAll(/(\w+:\/\/)[^\s/]*@/g, "$1")
    .replaceAll(/[^\P{Cc}\n]|\p{Cf}|\p{Zl}|\p{Zp}/gu, "");
}
