import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { expect, it } from "vitest";
import { makeProject } from "../support/command.js";
import { copyConfig } from "../support/copy-project.js";
import { createPostgresDatabase } from "../support/servers.js";

const config = copyConfig("store", '[{ dataset: "*" }]');

const fixture = (name: string) => readFile(join(import.meta.dirname, "../fixtures", name), "utf8");

async function connect(url: string) {
  const client = new pg.Client(url);
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

const tables = [
  ...["artist", "album", "employee", "customer", "genre", "media_type"],
  ...["invoice", "track", "invoice_line", "playlist", "playlist_track"],
];

/** Every table as text, in one order. */
async function contents(client: pg.Client): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {};
  for (const table of tables) {
    const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${table} t`);
    all[table] = rows.map(({ row }) => row).sort();
  }
  return all;
}

/** Rows written so far, by the server's own counters, in all tables that are not its own. */
async function writes(client: pg.Client): Promise<number> {
  await client.query("SELECT pg_stat_force_next_flush()");
  const { rows } = await client.query<{ n: string }>(
    "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) AS n FROM pg_stat_user_tables",
  );
  return Number(rows[0]!.n);
}

it("the main job on PostgreSQL: weave, apply to an empty copy, edit, revert", async () => {
  using project = makeProject(config);
  project.variables.SOURCE_URL = await createPostgresDatabase();
  project.variables.COPY_URL = await createPostgresDatabase();
  await using source = await connect(project.variables.SOURCE_URL);
  await using copy = await connect(project.variables.COPY_URL);
  const schema = await fixture("music-store.sql");
  await source.query(schema + (await fixture("music-store-rows.sql")));
  await copy.query(schema);

  const first = await project.succeed("weave");
  expect(first.stdout).toContain("15607 added");
  expect(project.git("status", "--porcelain")).toBe("");
  const second = await project.succeed("weave");
  expect(second.stdout).toContain("No changes; no commit.");

  const applied = await project.succeed("apply", "copy", "--yes");
  expect(applied.stdout).toContain("15607 to create, 0 to update, 0 to delete.");
  expect(await contents(copy)).toEqual(await contents(source));

  const before = await writes(copy);
  const again = await project.succeed("apply", "copy", "--yes");
  expect(again.stdout).toContain("nothing written");
  expect(await writes(copy)).toBe(before);
  expect((await project.succeed("drift", "copy")).stdout).toContain("No changes.");

  const file = "data/store/genre/7.json";
  project.write(file, (await readFile(join(project.directory, file), "utf8")).replace("Genre 7", "Kammermusik"));
  project.commitAll("name the seventh genre");
  const plan = await project.succeed("plan", "copy");
  expect(plan.stdout).toBe(`genre
  ~ 7
      name: "Genre 7" → "Kammermusik"

Compared: what git changed since it was applied (--full: what drifted as well)
0 to create, 1 to update, 0 to delete.
`);
  await project.succeed("apply", "copy", "--yes");
  const name = async () => (await copy.query("SELECT name FROM genre WHERE genre_id = 7")).rows[0]!.name as string;
  expect(await name()).toBe("Kammermusik");
  expect(await writes(copy)).toBe(before + 3); // the row, its pre-image and the record

  // Promise 8: the edit stays, since the source has not changed it, and is reported.
  const woven = await project.succeed("weave");
  expect(woven.stdout).toContain("edited in git: genre/7.json");
  expect(woven.stdout).toContain("No changes; no commit.");

  project.git("revert", "--no-edit", "HEAD");
  await project.succeed("apply", "copy", "--yes");
  expect(await name()).toBe("Genre 7");
  expect(await contents(copy)).toEqual(await contents(source));

  // Identity and serial columns go on after the highest key.
  await copy.query("INSERT INTO invoice (customer_id, invoice_date, total) VALUES (1, now(), 1)");
  await copy.query("INSERT INTO invoice_line (invoice_id, track_id, unit_price, quantity) VALUES (1, 1, 1, 1)");
}, 180_000);
