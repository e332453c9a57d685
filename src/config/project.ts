import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { HeddleError, type Problem } from "../model/errors.js";
import type { SourceFile } from "./yaml.js";

/** Where configuration lies, below the project root. */
export const configDirectory = "weave-configs";

/** The project root: the nearest directory, upward from `start`, that has `weave-configs/`. HDL101 where there is none. */
export async function findProject(start: string): Promise<string> {
  for (let directory = resolve(start); ; directory = dirname(directory)) {
    const found = await stat(join(directory, configDirectory)).catch(() => undefined);
    if (found?.isDirectory()) return directory;
    if (directory === dirname(directory)) break;
  }
  throw new HeddleError("HDL101", `no ${configDirectory}/ in ${resolve(start)} or above`, {
    hint: "run `heddle init` in the root of the repository, or go to a directory inside the project",
  });
}

/** Whether a path below the project root (with `/`) is a configuration file: YAML, and not hidden. */
export function isConfigFile(path: string): boolean {
  const [top, ...names] = path.split("/");
  return top === configDirectory && /\.ya?ml$/.test(path) && names.every((name) => !name.startsWith("."));
}

/** The configuration files of a project, sorted by path. HDL102 for those that cannot be read, all at once. */
export async function readConfigFiles(root: string): Promise<SourceFile[]> {
  const entries = await readdir(join(root, configDirectory), { withFileTypes: true, recursive: true });
  const found = entries
    .map((entry) => ({ entry, path: relative(root, join(entry.parentPath, entry.name)).split(sep).join("/") }))
    .filter(({ entry, path }) => !entry.isDirectory() && isConfigFile(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const files: SourceFile[] = [];
  const problems: Problem[] = [];
  for (const { entry, path } of found) {
    if (!entry.isFile()) {
      problems.push({
        file: path,
        line: 1,
        column: 1,
        message: "not an ordinary file",
        hint: "links are not followed",
      });
      continue;
    }
    try {
      files.push({ path, text: decode(await readFile(join(root, path))) });
    } catch (error) {
      const message = error instanceof TypeError ? "the file is not UTF-8" : "the file cannot be read";
      problems.push({ file: path, line: 1, column: 1, message });
    }
  }
  if (problems.length > 0) throw new HeddleError("HDL102", "the configuration cannot be read", { problems });
  return files;
}

/** Text of a file's bytes; a TypeError where they are no UTF-8. */
function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}
