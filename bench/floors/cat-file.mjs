// All files of the branch `data` of the repository here, read through one `git cat-file`, and thrown away.
import { spawn } from "node:child_process";

export async function drainFiles() {
  const list = spawn("git", ["ls-tree", "-r", "--format=%(objectname)", "data", "--", "data/"]);
  const read = spawn("git", ["cat-file", "--batch", "--buffer"]);
  list.stdout.pipe(read.stdin);
  let bytes = 0;
  for await (const chunk of read.stdout) bytes += chunk.length;
  return bytes;
}
