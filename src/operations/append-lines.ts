import { readFile, writeFile } from "node:fs/promises";

/** Adds the lines that a file lacks, at its end and in its own line ends; makes it where there is none. False where it has them all. */
export async function appendLines(path: string, lines: readonly string[]): Promise<boolean> {
  const text = (await readIfThere(path)) ?? "";
  const present = new Set(text.split(/\r?\n/).map((line) => line.trim()));
  const missing = lines.filter((line) => !present.has(line));
  if (missing.length === 0) return false;
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const start = text === "" || text.endsWith("\n") ? text : text + end;
  await writeFile(path, start + missing.map((line) => line + end).join(""));
  return true;
}

/** A file's text; undefined where there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}
