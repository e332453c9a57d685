import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { citext } from "@electric-sql/pglite/contrib/citext";
import { hstore } from "@electric-sql/pglite/contrib/hstore";
import { ltree } from "@electric-sql/pglite/contrib/ltree";

/** A directory with a new PGlite database after these statements; gives its URL and how to remove it. */
export async function createPgliteDirectory(sql: string): Promise<{ url: string; remove(): Promise<void> }> {
  const parent = await mkdtemp(join(tmpdir(), "heddle-pglite-"));
  const directory = join(parent, "data");
  const database = await PGlite.create(directory, { extensions: { citext, hstore, ltree } });
  await database.exec(sql);
  await database.close();
  return { url: `pglite:${directory}`, remove: () => rm(parent, { recursive: true, force: true }) };
}
