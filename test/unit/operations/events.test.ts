import { expect, test } from "vitest";
import type { EntryEvent } from "../../../src/operations/entry-event.js";
import { type EventsOptions, events } from "../../../src/operations/events.js";
import { importEvents } from "../../../src/operations/import-events.js";
import { rollback } from "../../../src/operations/rollback.js";
import { onDatabase } from "../../support/postgres-client.js";
import { createPostgresDatabase } from "../../support/servers.js";
import { collection, makeWoven, table, type WovenProject } from "../../support/woven.js";

const products = table("products", { id: "integer", name: "text", price: "integer" });
const product = (id: number, price: number) => ({ id, name: `P${id}`, price });
const day = (n: number) => `2026-01-0${n}T12:00:00Z`;

/** Made, changed, gone, made again, renamed file, and a dataset beside it. */
async function shop(): Promise<WovenProject> {
  const project = await makeWoven(products);
  for (const id of [1, 2]) project.put(products, product(id, 10 * id));
  project.commitAt(day(1), "woven");
  project.put(products, product(1, 11));
  project.commitAt(day(2), "dearer");
  await project.drop(products, 2);
  project.commitAt(day(3), "gone");
  return project;
}

const all = async (project: WovenProject, options: Partial<EventsOptions> = {}) => {
  const found: EntryEvent[] = [];
  for await (const event of events({ directory: project.directory, ...options })) found.push(event);
  return found;
};
const short = ({ type, subject, time }: EntryEvent) =>
  `${time.slice(8, 10)} ${type.replace("heddle.entry.", "")} ${subject}`;

test("created, updated with fields before and after, deleted: as CloudEvents 1.0, in order", async () => {
  using project = await shop();
  const found = await all(project);
  expect(found.map(short)).toEqual([
    "01 created shop:products/1",
    "01 created shop:products/2",
    "02 updated shop:products/1",
    "03 deleted shop:products/2",
  ]);
  const revision = project.git("rev-parse", "HEAD~1");
  expect(found[2]).toEqual({
    specversion: "1.0",
    id: `${revision}:data/shop/products/1.json`,
    source: "data/shop/products",
    type: "heddle.entry.updated",
    subject: "shop:products/1",
    time: "2026-01-02T12:00:00+00:00",
    datacontenttype: "application/json",
    data: {
      weave: "shop",
      dataset: "products",
      key: [1],
      revision,
      author: "Ada",
      message: "dearer",
      before: product(1, 10),
      after: product(1, 11),
      changed: ["/price"],
    },
  });
  expect([found[0]!.data.before, found[0]!.data.after]).toEqual([undefined, product(1, 10)]);
  expect([found[3]!.data.before, found[3]!.data.after]).toEqual([product(2, 20), undefined]);
});

test("--since and --until, by revision and by time; a dataset of its own", async () => {
  using project = await shop();
  const others = collection("other.things");
  project.describe(others);
  project.put(others, { _id: "a" });
  project.commitAt(day(4), "others");
  expect((await all(project, { since: "HEAD~2", until: "HEAD~1" })).map(short)).toEqual(["03 deleted shop:products/2"]);
  expect((await all(project, { since: day(2), until: day(3) })).map(short)).toEqual(["03 deleted shop:products/2"]);
  expect(await all(project, { since: "2001-01-01T00:00Z" })).toHaveLength(5);
  for (const dataset of ["other.things", "shop:other*", "o*s"])
    expect((await all(project, { dataset })).map(short)).toEqual(["04 created shop:other.things/a"]);
  expect(await all(project, { dataset: "else:other.things" })).toEqual([]);
  project.git("checkout", "-q", "-b", "side", "HEAD~1");
  project.commitAt(day(5), "side");
  await expect(all(project, { branch: "main", since: "side" })).rejects.toMatchObject({ code: "HDL301" });
});

test("what returns to an earlier version was rolled back, by whomever; to absence, it is deleted", async () => {
  using project = await shop();
  Object.assign(process.env, { GIT_COMMITTER_DATE: day(5) });
  try {
    await rollback({ directory: project.directory, to: "HEAD~2" });
  } finally {
    delete process.env.GIT_COMMITTER_DATE;
  }
  project.put(products, product(1, 12));
  project.commitAt(day(6), "dearer");
  project.put(products, product(1, 11));
  project.commitAt(day(7), "by hand");
  // The version of before `since` counts as well.
  expect((await all(project, { since: "HEAD~3" })).map(short)).toEqual([
    "05 rolledback shop:products/1",
    "05 rolledback shop:products/2",
    "06 updated shop:products/1",
    "07 rolledback shop:products/1",
  ]);
});

test("a merge brings its changes when it is made; moves and spellings are no events", async () => {
  using project = await shop();
  project.git("checkout", "-q", "-b", "side");
  project.put(products, product(3, 30));
  project.commitAt(day(4), "side");
  project.git("checkout", "-q", "main");
  project.put(products, product(1, 12));
  project.commitAt(day(5), "main");
  Object.assign(project.environment, { GIT_COMMITTER_DATE: day(6) });
  project.git("merge", "-q", "-m", "merged", "side");
  const fanned = { ...products, layout: { kind: "files", fanout: 2 } as const };
  project.git("rm", "-q", "data/shop/products/[0-9]*");
  project.describe(fanned);
  for (const entry of [product(1, 12), product(3, 30)]) project.put(fanned, entry);
  project.commitAt(day(7), "fan out");
  const path = project.put(fanned, product(3, 30));
  project.write(path, '{"id": 3, "name": "P3", "price": 30}');
  project.commitAt(day(8), "spelled otherwise");
  const found = await all(project, { since: day(4) });
  expect(found.map(short)).toEqual(["05 updated shop:products/1", "06 created shop:products/3"]);
  expect(found[1]!.data.message).toBe("merged");
});

test("a file of the past that cannot be read stops nothing; a shallow clone is refused", async () => {
  using project = await shop();
  project.write("data/shop/products/1.json", "{ broken");
  project.commitAt(day(4), "broken");
  project.put(products, product(1, 13));
  project.commitAt(day(5), "mended");
  const found = await all(project, { since: day(3) });
  expect(found.map(({ data: { key, before, after, changed } }) => ({ key, before, after, changed }))).toEqual([
    { key: [1], before: product(1, 11), after: null, changed: undefined },
    { key: [1], before: null, after: product(1, 13), changed: undefined },
  ]);
  const clone = project.beside("clone");
  project.git("clone", "-q", "--depth", "1", `file://${project.directory}`, clone);
  await expect(events({ directory: clone }).next()).rejects.toMatchObject({ code: "HDL311" });
});

async function withTable(): Promise<{ url: string; rows(sql?: string): Promise<unknown[][]> }> {
  const url = await createPostgresDatabase();
  process.env.EVENTS_URL = url;
  const rows = async (sql = "SELECT sequence, event, type, id, uuid FROM heddle_events ORDER BY sequence") =>
    (await onDatabase(url, sql)).map((row) => Object.values(row));
  return { url, rows };
}

test("--into: a table of events that SQL can ask, brought up to date as often as one likes", async () => {
  using project = await shop();
  const { url, rows } = await withTable();
  const into = { directory: project.directory, into: "env:EVENTS_URL" };
  expect(await importEvents(into)).toMatchObject({ added: 4, events: 4 });
  const first = await rows();
  expect(first.map((row) => row.slice(1, 4))).toEqual([
    ["created", "products", "1"],
    ["created", "products", "2"],
    ["updated", "products", "1"],
    ["deleted", "products", "2"],
  ]);
  expect(await importEvents(into)).toMatchObject({ added: 0, events: 4 });
  expect(await rows()).toEqual(first);
  project.put(products, product(1, 20));
  project.commitAt(day(4), "dearer");
  expect(await importEvents(into)).toMatchObject({ added: 1, events: 5, revision: project.git("rev-parse", "HEAD") });
  expect((await rows()).slice(0, 4)).toEqual(first);
  expect(
    await rows(
      `SELECT to_char("timestamp" AT TIME ZONE 'UTC', 'DD') , data->'after'->>'price' FROM heddle_events
       WHERE type = 'products' AND id = '1' AND data->'after' IS NOT NULL ORDER BY sequence`,
    ),
  ).toEqual([
    ["01", "10"],
    ["02", "11"],
    ["04", "20"],
  ]);
  // As it would be made at once.
  const whole = await rows();
  await importEvents({ ...into, table: "audit.trail" }).catch((error) => expect(error.code).toBe("HDL205"));
  // Two at once: each either comes through or finds that the other was there.
  const both = await Promise.allSettled([1, 2].map(() => importEvents({ ...into, table: "both" })));
  for (const one of both) if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "HDL621" });
  expect(both.some(({ status }) => status === "fulfilled")).toBe(true);
  expect(await rows('SELECT sequence, event, type, id, uuid FROM "both" ORDER BY sequence')).toEqual(whole);
  await onDatabase(url, "CREATE SCHEMA audit");
  await importEvents({ ...into, table: "audit.trail" });
  expect(await rows("SELECT sequence, event, type, id, uuid FROM audit.trail ORDER BY sequence")).toEqual(whole);
});

test("--into: a branch that was rewritten, and another branch, are refused (HDL621); --restart begins again", async () => {
  using project = await shop();
  const { rows } = await withTable();
  const into = { directory: project.directory, into: "env:EVENTS_URL" };
  await importEvents(into);
  project.git("reset", "-q", "--hard", "HEAD~1");
  await expect(importEvents(into)).rejects.toMatchObject({ code: "HDL621", message: /rewritten/ });
  project.git("branch", "other");
  await expect(importEvents({ ...into, branch: "other" })).rejects.toMatchObject({
    code: "HDL621",
    message: /of main/,
  });
  expect(await rows()).toHaveLength(4);
  expect(await importEvents({ ...into, restart: true })).toMatchObject({ events: 3 });
  expect(await rows()).toHaveLength(3);
});

test("--into: a table with rows that no import wrote is left alone, also by --restart (HDL621)", async () => {
  using project = await shop();
  const { url, rows } = await withTable();
  const theirs = "SELECT count(*) FROM stock";
  await onDatabase(url, "CREATE TABLE stock (sku text); INSERT INTO stock VALUES ('desk')");
  // Without any history to import nothing else would fail.
  const root = project.git("rev-list", "--max-parents=0", "HEAD");
  project.git("branch", "bare", root);
  const into = { directory: project.directory, into: "env:EVENTS_URL", table: "stock", branch: "bare" };
  for (const restart of [false, true]) {
    await expect(importEvents({ ...into, restart })).rejects.toMatchObject({ code: "HDL621", message: /no import/ });
  }
  expect(await rows(theirs)).toEqual([["1"]]);
  expect(await rows("SELECT to_regclass('stock_position')")).toEqual([[null]]);
  // A table that somebody made for it, with what rights it needs, is taken.
  await importEvents({ ...into, table: "heddle_events" });
  await onDatabase(url, "CREATE TABLE made (LIKE heddle_events INCLUDING ALL)");
  expect(await importEvents({ ...into, table: "made", branch: "main" })).toMatchObject({ added: 4 });
});

test("--into: keys that no text holds, values with U+0000, and numbers beside strings", async () => {
  const things = collection("things");
  using project = await makeWoven(things);
  for (const _id of [5, "5", "nul\u0000", { $oid: "65f0c0ffee65f0c0ffee65f0" }])
    project.put(things, { _id, text: "a\u0000b" });
  project.commitAll("things");
  const { rows } = await withTable();
  await importEvents({ directory: project.directory, into: "env:EVENTS_URL" });
  const found = await rows(
    "SELECT id, position('a\\u0000b' IN data::text) > 0 FROM heddle_events ORDER BY id COLLATE \"C\"",
  );
  expect(found).toEqual([
    ['"nul\\u0000"', true],
    ["5", true],
    ["5", true],
    ['{"$oid":"65f0c0ffee65f0c0ffee65f0"}', true],
  ]);
});

test("more changes in one commit than are read at once; an import that breaks off is just begun again", async () => {
  using project = await shop();
  for (let id = 100; id < 1300; id++) project.put(products, product(id, id));
  project.commitAt(day(4), "many");
  project.put(products, product(1, 99));
  project.commitAt(day(5), "one");
  const found = await all(project, { since: day(3) });
  expect(new Set(found.map(({ id }) => id)).size).toBe(1201);
  expect(found.map(({ data }) => data.after!.price)).toContain(1299);

  const { url, rows } = await withTable();
  const into = { directory: project.directory, into: "env:EVENTS_URL" };
  project.git("reset", "-q", "--hard", "HEAD~2");
  await importEvents(into);
  project.git("reset", "-q", "--hard", "HEAD@{1}");
  await onDatabase(
    url,
    `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'cut'; END $$;
     CREATE TRIGGER cut BEFORE INSERT ON heddle_events FOR EACH ROW WHEN (NEW.sequence = 1205) EXECUTE FUNCTION fail()`,
  );
  await expect(importEvents(into)).rejects.toMatchObject({ code: "HDL205" });
  // The transaction before has come through, with its position.
  expect(await rows("SELECT count(*), max(sequence) FROM heddle_events")).toEqual([["1204", "1204"]]);
  expect(await rows("SELECT revision, sequence FROM heddle_events_position")).toEqual([
    [project.git("rev-parse", "HEAD~1"), "1204"],
  ]);
  await onDatabase(url, "DROP TRIGGER cut ON heddle_events");
  expect(await importEvents(into)).toMatchObject({ added: 1, events: 1205 });
  const broken = await rows();
  await importEvents({ ...into, restart: true });
  expect(await rows()).toEqual(broken);
});
