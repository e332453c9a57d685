import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A real repository in a temporary directory, which goes away with its scope: `using repository = makeRepository()`. */
export interface TestRepository extends Disposable {
  directory: string;
  /** The environment for Heddle's own git processes. */
  environment: Record<string, string>;
  /** Runs git there and gives its output without the final newline; throws with what git said. */
  git(...args: string[]): string;
  /** Writes a file of the work tree. */
  write(path: string, content: string | Buffer): void;
  /** Commits everything in the work tree with plain git; gives the commit's id. */
  commitAll(message?: string): string;
  /** A directory beside the repository, for clones and further work trees; not yet made. */
  beside(name: string): string;
}

export function makeRepository(...init: string[]): TestRepository {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "heddle-git-")));
  const directory = join(root, "repository");
  const environment = testEnvironment(root);
  mkdirSync(directory);
  const git = (...args: string[]) => gitIn(directory, environment, ...args);
  git("init", "--quiet", "--initial-branch=main", ...init);
  return {
    directory,
    environment,
    git,
    write(path, content) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), content);
    },
    commitAll(message = "change") {
      git("add", "--all");
      git("commit", "--quiet", "--allow-empty", "--message", message);
      return git("rev-parse", "HEAD");
    },
    beside: (name) => join(root, name),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Runs git in a directory with a test repository's environment. */
export function gitIn(directory: string, environment: Record<string, string>, ...args: string[]): string {
  const output = execFileSync("git", args, { cwd: directory, env: environment, stdio: ["ignore", "pipe", "pipe"] });
  return output.toString().replace(/\n$/, "");
}

/** Nothing of the machine's own git settings. Empty ones of `home` may be written by a test: `.gitconfig`. */
function testEnvironment(home: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? "",
    HOME: home,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "Ada",
    GIT_AUTHOR_EMAIL: "ada@example.com",
    GIT_COMMITTER_NAME: "Ada",
    GIT_COMMITTER_EMAIL: "ada@example.com",
  };
}
