import type { Digest } from "../model/entry.js";

/** What a commit object says of itself, as far as history needs it. */
export interface CommitHeader {
  tree: Digest;
  parents: Digest[];
  /** Committer time, in seconds since 1970. */
  time: number;
}

/** Reads the bytes of a commit object. */
export function readCommit(body: Buffer): CommitHeader {
  const text = body.toString();
  const header = text.slice(0, text.indexOf("\n\n"));
  return {
    tree: header.slice(5, 45),
    parents: [...header.matchAll(/^parent ([\da-f]{40})$/gm)].map(([, id]) => id!),
    time: Number(/^committer .* (\d+) [+-]\d+$/m.exec(header)?.[1]),
  };
}
