import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { HeddleError } from "../model/errors.js";
import { type Environment, type Git, gitVariables, output, plainText, run } from "./git.js";

/** A git repository with a project in it. Plain data; the functions of this folder take it. */
export interface Repository {
  git: Git;
  /** Directory of the work tree; undefined in a bare repository. */
  workTree: string | undefined;
  /** The repository's directory for this work tree: HEAD and index. */
  gitDirectory: string;
  /** The repository's directory that all work trees share: objects and refs. */
  commonDirectory: string;
  /** The project inside the repository: `""` or a path with a final slash. All paths elsewhere are relative to it. */
  prefix: string;
}

/**
 * Opens the repository that `directory`, the project's root, lies in; or a bare one that it is. For a bare one `prefix` names the project inside.
 * `environment` is the caller's without `GIT_*` that redirect git (config/environment.ts).
 * HDL101: none there, or git refuses it. HDL305: SHA-256.
 */
export async function openRepository(
  directory: string,
  options: { environment: Environment; prefix?: string },
): Promise<Repository> {
  if (!(await stat(directory).catch(() => undefined))?.isDirectory()) throw notFound(directory, "");
  const git: Git = {
    directory: resolve(directory),
    commonDirectory: "",
    environment: gitVariables(options.environment),
    options: [],
  };
  // In a bare repository git fails at the last question, having answered the others.
  const query = ["rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir", "--show-object-format"];
  const found = await run(git, [...query, "--is-bare-repository", "--show-prefix", "--show-toplevel"], {
    allow: [128],
  });
  const [gitDirectory, commonDirectory, format, bare, inside = "", ...rest] = found.stdout.toString().split("\n");
  if (bare === undefined || bare === "") throw notFound(directory, found.stderr);
  if (format !== "sha1") {
    throw new HeddleError("HDL305", `the repository uses ${plainText(format ?? "")} object names`, {
      hint: "Heddle works with SHA-1 repositories: `git init --object-format=sha1`",
    });
  }
  if (bare !== "true" && found.code !== 0) throw notFound(directory, found.stderr);
  // Where a directory's name holds a newline only a question of its own tells the two apart.
  const ask = (question: string, found: string) => (rest.length === 2 ? found : output(git, ["rev-parse", question]));
  const workTree = bare === "true" ? undefined : await ask("--show-toplevel", rest[0]!);
  const prefix = workTree === undefined ? (options.prefix ?? "") : await ask("--show-prefix", inside);
  const place = [`--git-dir=${gitDirectory}`, ...(workTree === undefined ? [] : [`--work-tree=${workTree}`])];
  return {
    git: { ...git, directory: workTree ?? gitDirectory!, commonDirectory: commonDirectory!, options: place },
    workTree,
    gitDirectory: gitDirectory!,
    commonDirectory: commonDirectory!,
    prefix: prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`,
  };
}

function notFound(directory: string, stderr: string): HeddleError {
  if (stderr.includes("dubious ownership")) {
    return new HeddleError("HDL101", `git refuses the repository at ${directory}: it belongs to another user`, {
      hint: `git config --global --add safe.directory ${directory}`,
    });
  }
  return new HeddleError("HDL101", `no git repository at ${directory}`, {
    hint: "run `git init` first, or go to the directory of a project",
  });
}
