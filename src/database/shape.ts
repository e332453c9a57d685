import { createHash } from "node:crypto";
import type { Table } from "./database.js";

/** Digest of what entries of a table are made of: columns, primary key and foreign keys. */
export function shapeOf({ columns, key, references }: Table): string {
  return createHash("sha256")
    .update(JSON.stringify([columns, key, references]))
    .digest("hex")
    .slice(0, 40);
}
