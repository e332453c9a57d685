import { execFile } from "node:child_process";
import { readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { commandPath, makeProject, type Run, runCommand, type TestProject } from "../support/command.js";
import { onDatabase, rowVersions } from "../support/postgres-client.js";
import { createPostgresDatabase } from "../support/servers.js";

const config = `apiVersion: heddle/v1
kind: Weave
metadata: { name: shop }
spec:
  source: { url: "\${SOURCE_URL}" }
  select:
    - dataset: items
    - dataset: tags
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: copy }
spec:
  database: { url: "\${COPY_URL}" }
  weaves: [shop]
  ignore: { items: [/note] }
  local: { items: [/stock] }
  apply: {}
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: other }
spec:
  database: { url: "\${COPY_URL}" }
  weaves: [shop]
`;
const schema = `
  CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, price int, note text, stock int);
  CREATE TABLE tags (id int PRIMARY KEY, label text);`;
const rows = `
  INSERT INTO items SELECT i, 'Item ' || i, i * 10, 'as woven', NULL FROM generate_series(1, 40) i;
  INSERT INTO tags SELECT i, 'Tag ' || i FROM generate_series(1, 3) i;`;

let project: TestProject;
let source: string;
let copy: string;
/** The commit that was woven and applied before every test. */
let start: string;

beforeAll(async () => {
  project = makeProject(config);
  source = await createPostgresDatabase();
  copy = await createPostgresDatabase();
  await onDatabase(source, schema + rows);
  await onDatabase(copy, schema);
  Object.assign(project.variables, { SOURCE_URL: source, COPY_URL: copy });
  await project.succeed("weave");
  await project.succeed("apply", "copy", "--yes");
  start = project.git("rev-parse", "HEAD");
});
afterAll(() => project[Symbol.dispose]());

beforeEach(async () => {
  project.git("checkout", "--quiet", "--force", "main");
  project.git("reset", "--quiet", "--hard", start);
  project.git("clean", "--quiet", "-ffd");
  project.variables.SOURCE_URL = source;
  await onDatabase(source, `DROP TABLE items, tags; ${schema} ${rows}`);
  await onDatabase(
    copy,
    `DROP TABLE IF EXISTS items, tags; ${schema} ${rows}
     DELETE FROM heddle.applied WHERE id > (SELECT min(id) FROM heddle.applied)`,
  );
});

const item = (id: number, changes: object = {}) => {
  const fields = { id, name: `Item ${id}`, price: id * 10, note: "as woven", stock: null, ...changes };
  project.write(`data/shop/items/${id}.json`, `${JSON.stringify(fields, null, 2)}\n`);
};
const remove = (dataset: string, ...ids: number[]) => {
  for (const id of ids) rmSync(join(project.directory, `data/shop/${dataset}/${id}.json`));
};
/** Rules of apply for `copy`, in the work tree: to be trusted by `--config .` alone. */
const rules = (text: string) =>
  project.write("weave-configs/heddle.yaml", config.replace("  apply: {}", `  apply: { ${text} }`));
const apply = (...more: string[]) => project.heddle("apply", "copy", "--yes", ...more);
const names = async (url = copy) =>
  Object.fromEntries((await onDatabase(url, "SELECT id, name FROM items")).map(({ id, name }) => [id, name]));
const count = async (table: string, url = copy) =>
  Number((await onDatabase(url, `SELECT count(*) AS n FROM ${table}`))[0]!.n);

/** A run that has to end with this code and leave the destination, the refs and the work tree alone. */
async function refused(exit: number, code: string, run: () => Promise<Run>): Promise<string> {
  const world = async () => [
    await rowVersions(copy),
    project.git("for-each-ref"),
    project.git("status", "--porcelain"),
  ];
  const before = await world();
  const { code: got, stderr } = await run();
  expect(stderr).toContain(`error ${code}: `);
  expect(got).toBe(exit);
  expect(await world(), "a refused command wrote something").toEqual(before);
  return stderr;
}

async function applied(...more: string[]): Promise<string> {
  const run = await apply(...more);
  expect(run.stderr).toBe("");
  expect(run.code).toBe(0);
  return run.stdout;
}

describe("apply: deletes and ownership", () => {
  it("promise 4: deletes over maxDeletes are refused, and granted by their number", async () => {
    remove("items", 1, 2, 3);
    project.commitAll("three items go");
    const said = await refused(3, "HDL600", () => apply());
    expect(said).toContain("items: 3 deletes of 40 owned entries, at most 2 allowed (--allow-deletes 3)");
    await refused(3, "HDL600", () => apply("--allow-deletes", "2"));
    await applied("--allow-deletes", "3");
    expect(await count("items")).toBe(37);
  });

  it("promise 4: a dataset that becomes empty needs a consent of its own", async () => {
    remove("tags", 1, 2, 3);
    project.commitAll("all tags go");
    const said = await refused(3, "HDL600", () => apply("--allow-deletes", "3"));
    expect(said).toContain("(--allow-empty)");
    await applied("--allow-deletes", "3", "--allow-empty");
    expect(await count("tags")).toBe(0);
  });

  it("promise 5: rows that Heddle never wrote stay, and are adopted with a flag alone", async () => {
    await onDatabase(copy, "INSERT INTO items VALUES (1000, 'Theirs', 1, '', 1), (1001, 'Equal', 2, '', NULL)");
    remove("items", 1);
    item(1001, { name: "Equal", price: 2, note: "" });
    project.commitAll("one item goes");
    expect(await applied()).toContain("0 to create, 0 to update, 1 to delete, 1 adopted.");
    expect(await names()).toMatchObject({ 1000: "Theirs", 1001: "Equal" });

    item(1000, { name: "Ours" });
    project.commitAll("an item of that number");
    const said = await refused(3, "HDL600", () => apply());
    expect(said).toContain("1 existing entries that Heddle never wrote would be changed (--adopt)");
    await applied("--adopt");
    expect(await names()).toMatchObject({ 1000: "Ours" });
  });

  const narrow = () => {
    const narrowed = config
      .replace("- dataset: items", "- { dataset: items, where: id <= 10 }")
      .replace("    - dataset: tags\n", "");
    project.write("weave-configs/heddle.yaml", narrowed);
  };

  it("G45: a narrowed selection and a dropped dataset are released, and nothing is deleted", async () => {
    narrow();
    const said = await refused(3, "HDL604", () => project.heddle("weave"));
    expect(said).toContain("items: 30 of 40 files");
    expect(said).toContain("tags: 3 of 3 files");
    await project.succeed("weave", "--allow-deletes", "33");

    expect(await refused(3, "HDL600", () => apply())).toContain("(--allow-empty)");
    expect(await applied("--allow-empty")).toContain("33 released");
    expect([await count("items"), await count("tags")]).toEqual([40, 3]);
    // Nobody owns them now: that they are not in git means nothing from here on.
    expect(await applied()).toContain("nothing written");
  });

  it("G45: --delete-released deletes what is no longer selected, in its order, within the budget", async () => {
    narrow();
    await project.succeed("weave", "--allow-deletes", "33");
    const shown = await project.succeed("plan", "copy", "--delete-released");
    expect(shown.stdout).toContain("- 40 (no longer selected)");
    const said = await refused(3, "HDL600", () => apply("--delete-released"));
    for (const flag of ["--allow-deletes 30", "--allow-deletes 3", "--allow-empty"]) expect(said).toContain(flag);
    expect(said).not.toContain("--delete-released");
    await applied("--delete-released", "--allow-deletes", "33", "--allow-empty");
    expect([await count("items"), await count("tags")]).toEqual([10, 0]);
    await project.succeed("undo", "copy", "--yes", "--allow-deletes", "33");
    expect([await count("items"), await count("tags")]).toEqual([40, 3]);
  });

  it("E37: a strange file among the data stops plan and apply, and nothing is deleted", async () => {
    remove("items", 1);
    project.write("data/shop/items/notes.txt", "to do");
    symlinkSync("2.json", join(project.directory, "data/shop/items/41.json"));
    project.commitAll("strange files");
    for (const run of [() => project.heddle("plan", "copy"), apply]) {
      const said = await refused(1, "HDL400", () => run());
      expect(said).toContain("data/shop/items/notes.txt: does not belong");
      expect(said).toContain("data/shop/items/41.json: is a symbolic link");
    }
  });
});

describe("apply: where and in which order", () => {
  it("G45: a database that is recorded as another environment's is refused", async () => {
    item(1, { name: "New" });
    project.commitAll();
    for (const verb of ["plan", "apply"]) {
      const said = await refused(3, "HDL606", () =>
        project.heddle(verb, "other", ...(verb === "apply" ? ["--yes"] : [])),
      );
      expect(said).toContain("recorded as copy, not other");
      expect(said).toContain("metadata.formerly");
    }
  });

  it("G45: a restored copy's record counts for nothing, and the plan says so", async () => {
    project.variables.COPY_URL = await createPostgresDatabase(`TEMPLATE ${new URL(copy).pathname.slice(1)}`);
    remove("items", 1, 2, 3, 4);
    project.commitAll();
    const plan = await project.heddle("plan", "copy").finally(() => {
      project.variables.COPY_URL = copy;
    });
    expect(plan.stdout).toContain("! the record in this database is another database's");
    expect(plan.stdout).toContain("No changes, 39 adopted.");
  });

  it("G45: a pull request cannot raise its own delete budget, nor choose the database", async () => {
    project.git("checkout", "--quiet", "-b", "pull-request");
    remove("items", 1, 2, 3);
    rules("maxDeletes: 100%");
    const own = readFileSync(join(project.directory, "weave-configs/heddle.yaml"), "utf8");
    project.write("weave-configs/heddle.yaml", own.replaceAll("${COPY_URL}", "${ELSEWHERE}"));
    project.commitAll("mine");
    project.git("checkout", "--quiet", "main");
    expect(await refused(3, "HDL600", () => apply("--rev", "pull-request"))).toContain("--allow-deletes 3");
  });

  it("a protected environment wants its name typed", async () => {
    item(1, { name: "New" });
    project.commitAll();
    rules("protected: true");
    for (const more of [[], ["--confirm", "cpoy"]]) {
      const said = await refused(3, "HDL600", () => apply("--config", ".", ...more));
      expect(said).toContain("copy is protected (--confirm copy)");
    }
    await applied("--config", ".", "--confirm", "copy");
    expect((await names())[1]).toBe("New");
  });

  it("G45: an older revision needs --rollback and lists what it takes back; git revert needs no flag", async () => {
    item(1, { name: "New" });
    const newer = project.commitAll("rename the first item");
    await applied();
    const said = await refused(3, "HDL600", () => apply("--rev", "HEAD~1"));
    expect(said).toContain(`takes back ${newer.slice(0, 10)} rename the first item (--rollback)`);
    await applied("--rev", "HEAD~1", "--rollback");
    expect((await names())[1]).toBe("Item 1");
    await applied("--release-hold");
    project.git("revert", "--no-edit", "HEAD");
    await applied();
    expect((await names())[1]).toBe("Item 1");
  });

  it("without a terminal and without --yes nothing is applied", async () => {
    item(1, { name: "New" });
    project.commitAll();
    const said = await refused(3, "HDL600", () => project.heddle("apply", "copy"));
    expect(said).toContain("--yes");
  });

  it("D34: a destination whose schema does not fit is refused with every difference", async () => {
    item(1, { name: "New" });
    project.commitAll();
    await onDatabase(copy, "ALTER TABLE items DROP price, ALTER name TYPE varchar(9); DROP TABLE tags");
    const said = await refused(1, "HDL206", () => apply());
    expect(said).toContain("items: price: the table has no such column");
    expect(said).toContain("items: name: is character varying(9) in the database, text in git");
    expect(said).toContain("tags: the database has no such table");
  });
});

describe("apply: drift and conflicts", () => {
  const change = (sql: string) => onDatabase(copy, sql);

  it("a drifted row fails, stays or is overwritten, as onDrift says", async () => {
    await change("UPDATE items SET name = 'Drifted' WHERE id = 1; DELETE FROM items WHERE id = 2");
    const drift = await project.heddle("drift", "copy");
    expect([drift.code, drift.stderr]).toEqual([2, ""]);
    expect(drift.stdout).toContain('name: "Drifted" → "Item 1"');

    rules("onDrift: fail");
    const said = await refused(4, "HDL601", () => apply("--full", "--config", "."));
    expect(said).toContain("items/1: drifted, and onDrift is fail");
    expect(said).toContain("items/2: drifted, and onDrift is fail");
    rules("onDrift: keep");
    expect(await applied("--full", "--config", ".")).toContain("No changes, 2 kept.");
    expect((await names())[1]).toBe("Drifted");
    expect(await applied()).toContain("nothing written");
    await applied("--full");
    expect(await names()).toMatchObject({ 1: "Item 1", 2: "Item 2" });
  });

  it("an entry that git and the database changed is a conflict: exit 4, or as onConflict says", async () => {
    await change("UPDATE items SET name = 'Theirs' WHERE id = 1; UPDATE items SET price = 1 WHERE id = 2");
    item(1, { name: "Ours" });
    remove("items", 2);
    item(3, { name: "New" });
    project.commitAll();
    const said = await refused(4, "HDL601", () => apply());
    expect(said).toContain("items/1: changed in git and in the database: /name");
    expect(said).toContain("items/2: deleted in git and changed in the database");
    expect(said).toContain("onConflict");
    expect((await project.heddle("plan", "copy", "--exit-code")).code).toBe(4);

    rules("onConflict: live");
    await applied("--config", ".");
    expect(await names()).toMatchObject({ 1: "Theirs", 2: "Item 2", 3: "New" });
  });

  it("onConflict git: what git says is written, a delete too", async () => {
    await change("UPDATE items SET name = 'Theirs' WHERE id = 1; UPDATE items SET price = 1 WHERE id = 2");
    item(1, { name: "Ours" });
    remove("items", 2);
    project.commitAll();
    rules("onConflict: git");
    await applied("--config", ".");
    const now = await names();
    expect([now[1], now[2]]).toEqual(["Ours", undefined]);
  });

  it("promise 9: ignored and local fields are never updated; plan, apply and drift agree", async () => {
    await change("UPDATE items SET note = 'theirs', stock = 7 WHERE id <= 2");
    item(1, { name: "New", note: "ours", stock: 1 });
    item(2, { note: "ours", stock: 1 });
    item(41, { note: "ours", stock: 1 });
    project.commitAll();
    const drift = await project.heddle("drift", "copy");
    expect([drift.code, drift.stdout]).toEqual([0, "No changes.\n"]);
    const plan = await project.heddle("plan", "copy", "--exit-code");
    expect(plan.code).toBe(2);
    expect(plan.stdout).toContain("1 to create, 1 to update, 0 to delete.");
    await applied();
    expect(await change("SELECT id, name, note, stock FROM items WHERE id IN (1, 2, 41) ORDER BY id")).toEqual([
      { id: 1, name: "New", note: "theirs", stock: 7 },
      { id: 2, name: "Item 2", note: "theirs", stock: 7 },
      { id: 41, name: "Item 41", note: "ours", stock: null },
    ]);
    expect((await project.heddle("drift", "copy")).code).toBe(0);
  });

  it("G46, G49: an entry that moves while apply waits is named, and a second apply finds the lock taken", async () => {
    item(1, { name: "New" });
    item(2, { name: "New" });
    project.commitAll();
    const client = new pg.Client(copy);
    await client.connect();
    try {
      await client.query("BEGIN; UPDATE items SET name = 'Moved' WHERE id = 1");
      const waiting = apply();
      const blocked = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
      while ((await onDatabase(copy, blocked)).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      const second = await apply();
      expect([second.code, second.stderr]).toEqual([4, expect.stringContaining("error HDL207: ")]);
      await client.query("COMMIT");
      const { code, stderr } = await waiting;
      expect(stderr).toContain("error HDL602: ");
      expect(stderr).toContain("items/1: was changed");
      expect(stderr).not.toContain("items/2");
      expect(code).toBe(4);
    } finally {
      await client.end();
    }
    expect(await names()).toMatchObject({ 1: "Moved", 2: "Item 2" });
  });
});

describe("apply: what it prints", () => {
  it("G47: the same revision again writes nothing; plan --exit-code tells the four outcomes", async () => {
    const before = await rowVersions(copy);
    expect(await applied()).toContain("nothing written");
    expect(await rowVersions(copy)).toBe(before);
    expect((await project.heddle("plan", "copy", "--exit-code")).code).toBe(0);
    remove("items", 1, 2, 3);
    project.commitAll();
    expect((await project.heddle("plan", "copy", "--exit-code")).code).toBe(3);
    expect((await project.heddle("plan", "copy")).code).toBe(0);
    expect((await project.heddle("plan", "copy", "--exit-code", "--allow-deletes", "3")).code).toBe(2);
  });

  it("G48: a reader that goes away does not stop an apply half-way", async () => {
    for (let id = 1; id <= 40; id++) item(id, { name: "New" });
    project.commitAll();
    const line = `set -o pipefail; '${process.execPath}' '${commandPath}' apply copy --yes | head -c 0`;
    const env = { ...project.environment, ...project.variables };
    const code = await new Promise((resolve) => {
      execFile("bash", ["-c", line], { cwd: project.directory, env }, (error) => resolve(error?.code ?? 0));
    });
    expect(code).toBe(0);
    expect(new Set(Object.values(await names()))).toEqual(new Set(["New"]));
  });
});

describe("weave", () => {
  it("promise 4: a source that lost its rows removes no file without consent", async () => {
    await onDatabase(source, "TRUNCATE tags; DELETE FROM items WHERE id <= 2");
    const said = await refused(3, "HDL604", () => project.heddle("weave"));
    expect(said).toContain("tags: 3 of 3 files are no longer in the source");
    expect(said).not.toContain("items:"); // within 5 %
    await refused(3, "HDL604", () => project.heddle("weave", "--allow-deletes", "2"));
    await project.succeed("weave", "--allow-deletes", "3");
    expect(project.git("ls-files", "data/shop/tags")).toBe("data/shop/tags/_dataset.json");
  });

  it("G45: another source than before is refused without --accept-source", async () => {
    project.variables.SOURCE_URL = copy;
    const said = await refused(3, "HDL605", () => project.heddle("weave"));
    expect(said).toContain("--accept-source");
    await project.succeed("weave", "--accept-source");
  });

  it("uncommitted edits under data/ stop a weave: exit 4", async () => {
    item(1, { name: "Mine" });
    await onDatabase(source, "UPDATE items SET price = 0 WHERE id = 2");
    const said = await refused(4, "HDL303", () => project.heddle("weave"));
    expect(said).toContain("data/shop/items/1.json: is not committed");
  });

  it("promise 8: a field that git and the source changed is a conflict: exit 4, nothing committed", async () => {
    item(1, { name: "Ours" });
    item(2, { name: "Ours" });
    project.commitAll();
    await onDatabase(source, "UPDATE items SET name = 'Theirs' WHERE id IN (1, 3)");
    const said = await refused(4, "HDL603", () => project.heddle("weave"));
    expect(said).toContain("data/shop/items/1.json: items: /name: changed in git and in the source");
    expect(said).not.toMatch(/items\/[23]\.json/);
    await onDatabase(source, "UPDATE items SET name = 'Ours' WHERE id = 1");
    const run = await project.succeed("weave");
    expect(run.stdout).toContain("1 changed, 1 edited in git, not in the source");
    expect(project.git("show", "HEAD:data/shop/items/2.json")).toContain("Ours");
  });

  it("--branch leaves the checked-out branch, index and work tree alone", async () => {
    await onDatabase(source, "UPDATE items SET name = 'Theirs' WHERE id = 1");
    await project.succeed("weave", "--branch", "woven");
    expect(project.git("rev-parse", "HEAD", "main")).toBe(`${start}\n${start}`);
    expect(project.git("status", "--porcelain")).toBe("");
    expect(project.git("diff", "--name-only", "main", "woven", "--", "data/shop/items")).toBe("data/shop/items/1.json");
    expect((await project.heddle("plan", "copy", "--rev", "woven")).stdout).toContain('"Item 1" → "Theirs"');
    project.git("branch", "--quiet", "-D", "woven");
  });

  it("F40: a bare repository weaves, plans and applies", async () => {
    await onDatabase(source, "UPDATE items SET name = 'Theirs' WHERE id = 1");
    const bare = project.beside("bare.git");
    project.git("clone", "--quiet", "--bare", ".", bare);
    const run = (...args: string[]) => runCommand(bare, { ...project.environment, ...project.variables }, args);
    expect(await run("weave")).toMatchObject({ code: 0, stderr: "" });
    expect(await run("apply", "copy", "--yes")).toMatchObject({ code: 0, stderr: "" });
    expect((await names())[1]).toBe("Theirs");
    rmSync(bare, { recursive: true });
  });
});

describe("one-way weaves", () => {
  const oneWay = `apiVersion: heddle/v1
kind: Weave
metadata: { name: masked }
spec:
  source: { url: "\${SOURCE_URL}" }
  maskKey: "\${MASK_KEY}"
  select: [{ dataset: people }]
  transform: [{ for: people, steps: [{ mask: { /email: email } }] }]
---
apiVersion: heddle/v1
kind: Weave
metadata: { name: merged }
spec:
  source: { url: "\${SOURCE_URL}" }
  select: [{ dataset: prices }]
  transform: [{ for: prices, steps: [{ merge: { currency: EUR } }] }]
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: people }
spec: { database: { url: "\${SOURCE_URL}" }, weaves: [masked] }
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: prices }
spec: { database: { url: "\${SOURCE_URL}" }, weaves: [merged], apply: { onDrift: overwrite } }
`;

  it("G51: masked data is never applied to its source, other transformed data with --into-source alone", async () => {
    using own = makeProject(oneWay);
    const url = await createPostgresDatabase();
    Object.assign(own.variables, { SOURCE_URL: url, MASK_KEY: "a key of some length" });
    await onDatabase(
      url,
      `CREATE TABLE people (id int PRIMARY KEY, email text); INSERT INTO people VALUES (1, 'ada@example.com');
       CREATE TABLE prices (id int PRIMARY KEY, currency text); INSERT INTO prices VALUES (1, 'USD')`,
    );
    await own.succeed("weave");
    const before = await rowVersions(url);
    const masked = await own.heddle("apply", "people", "--yes", "--adopt", "--into-source", "--confirm", "people");
    expect(masked.stderr).toContain("error HDL600: people: masked on the way out of this very database");
    expect(masked.code).toBe(3);
    const merged = await own.heddle("apply", "prices", "--yes", "--adopt");
    expect(merged.stderr).toContain("(--into-source)");
    expect(merged.code).toBe(3);
    expect(await rowVersions(url)).toBe(before);
    await own.succeed("apply", "prices", "--yes", "--adopt", "--into-source");
    expect(await onDatabase(url, "SELECT currency FROM prices")).toEqual([{ currency: "EUR" }]);
  });
});
