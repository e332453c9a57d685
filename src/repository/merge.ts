import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Digest } from "../model/entry.js";
import { failure, run } from "./git.js";
import type { Repository } from "./repository.js";

/** A path that git alone could not merge, from the repository's root. */
export interface Unmerged {
  path: string;
  /** Blob ids of the regular files there; undefined where a side has none, or something else. */
  base: Digest | undefined;
  ours: Digest | undefined;
  theirs: Digest | undefined;
}

/**
 * Merges two commits as `git merge` would, without a work tree and without a commit. Files under `data` that both sides
 * changed are left to the caller, renames are not looked for: a new key is another entry. Needs git 2.38.
 * @param data directory, from the repository's root with a final slash; `""` for all
 */
export async function mergeTrees(
  repository: Repository,
  { ours, theirs, data }: { ours: Digest; theirs: Digest; data: string },
): Promise<{ tree: Digest; unmerged: Unmerged[] }> {
  const directory = await mkdtemp(join(tmpdir(), "heddle-merge-"));
  try {
    const attributes = join(directory, "attributes");
    const pattern = `${data.replaceAll(/[\\*?[\]"]/g, "\\$&")}**`;
    await writeFile(attributes, `${JSON.stringify(pattern)} merge=heddle\n`);
    // A driver that leaves every file to us.
    const settings = {
      "core.attributesFile": attributes,
      "merge.heddle.driver": "false",
      "merge.renames": "false",
      "merge.renormalize": "false",
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const git = { ...repository.git, options: [...repository.git.options, ...options] };
    const args = ["merge-tree", "--write-tree", "-z", "--no-messages", "--allow-unrelated-histories", ours, theirs];
    const { code, stdout, stderr } = await run(git, args, { allow: [1, 128, 129] });
    if (code > 1)
      throw failure(args, stderr, code === 129 ? "git 2.38 or later is needed to merge branches" : undefined);
    const [tree, ...records] = stdout.toString().split("\0");
    return { tree: tree!, unmerged: stagesOf(records.filter(Boolean)) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Records `mode id stage<TAB>path`, where stage 1 is the base, 2 ours, 3 theirs. */
function stagesOf(records: readonly string[]): Unmerged[] {
  const found = new Map<string, Unmerged>();
  for (const record of records) {
    const tab = record.indexOf("\t");
    const [mode, id, stage] = record.slice(0, tab).split(" ") as [string, string, string];
    const path = record.slice(tab + 1);
    const entry = found.get(path) ?? { path, base: undefined, ours: undefined, theirs: undefined };
    if (mode.startsWith("100")) entry[stage === "1" ? "base" : stage === "2" ? "ours" : "theirs"] = id;
    found.set(path, entry);
  }
  return [...found.values()];
}
