import { MongoClient } from "mongodb";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeProject, type TestProject } from "../support/command.js";
import { onDatabase, rowVersions } from "../support/postgres-client.js";
import { createMongodbDatabase, createPostgresDatabase, describeMongodb } from "../support/servers.js";

const config = `apiVersion: heddle/v1
kind: Weave
metadata: { name: shop }
spec:
  source: { url: "\${SOURCE_URL}" }
  select: [{ dataset: items }, { dataset: tags, key: [label] }]
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: copy }
spec: { database: { url: "\${COPY_URL}" }, weaves: [shop] }
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: other }
spec: { database: { url: "\${ADMIN_URL}" }, weaves: [shop] }
`;
const schema = `CREATE TABLE items (id serial PRIMARY KEY, name text); CREATE TABLE tags (id int, label text NOT NULL UNIQUE);
  INSERT INTO items VALUES (7, 'A'); INSERT INTO tags VALUES (1, 'x')`;

let project: TestProject;
let copy: string;
const role = `r_${Math.random().toString(36).slice(2)}`;

beforeAll(async () => {
  project = makeProject(config);
  const source = await createPostgresDatabase();
  copy = await createPostgresDatabase();
  await onDatabase(source, schema);
  await onDatabase(
    copy,
    `${schema}; ALTER TABLE tags DROP CONSTRAINT tags_label_key; CREATE ROLE ${role} LOGIN PASSWORD 'canary-in-url'; GRANT SELECT ON items TO ${role}`,
  );
  const url = Object.assign(new URL(copy), { username: role, password: "canary-in-url" }).href;
  Object.assign(project.variables, { SOURCE_URL: source, COPY_URL: url, ADMIN_URL: copy });
  await project.succeed("weave");
});
afterAll(async () => {
  project[Symbol.dispose]();
  await onDatabase(copy, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
});

it("doctor tells everything, prints what an administrator runs, mends what is safe, and then apply goes through", async () => {
  const before = await rowVersions(copy);
  const sick = await project.heddle("doctor", "copy");
  expect(sick.code).toBe(1);
  for (const line of [
    "ok       server version: PostgreSQL ",
    "problem  record: the role may not create the schema heddle and its tables",
    "problem  items: rights: the role may not insert id, name",
    "problem  tags: rights: the role may not read id, label",
    "problem  tags: key: no unique index holds the key (label)",
    "→ --mend can do this",
  ]) {
    expect(sick.stdout).toContain(line);
  }
  expect(sick.stdout).toMatch(/^\d+ problems/m);
  const json = JSON.parse((await project.heddle("doctor", "copy", "--json")).stdout);
  expect(json.findings).toContainEqual(
    expect.objectContaining({ dataset: "tags", what: "key", level: "problem", stops: "reading" }),
  );
  const asked = await project.heddle("doctor", "copy", "--mend");
  expect(asked.stderr).toContain('CREATE UNIQUE INDEX ON "public"."tags" ("label")');
  expect(asked.stderr).toContain("nobody is there to answer");
  const plan = await project.heddle("plan", "copy");
  expect(plan.code).toBe(1);
  expect(plan.stderr).toContain("error HDL206");
  expect(await rowVersions(copy), "nothing was written so far").toBe(before);

  const { stdout: sql } = await project.heddle("doctor", "copy", "--sql");
  expect(sql).toContain("CREATE SCHEMA heddle;");
  await onDatabase(
    copy,
    sql
      .split("\n")
      .filter((line) => !line.includes("wal_level"))
      .join("\n"),
  );
  expect(sql).toContain('CREATE UNIQUE INDEX ON "public"."tags" ("label");');
  await onDatabase(copy, `DROP INDEX tags_label_idx; ALTER TABLE tags OWNER TO ${role}`);
  const failed = await project.heddle("doctor", "copy", "--mend", "--yes");
  expect(failed).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("tags: key: mending failed: copy: permission denied"),
  });
  await onDatabase(copy, `GRANT CREATE ON SCHEMA public TO ${role}`);
  const mended = await project.heddle("doctor", "copy", "--mend", "--yes");
  expect(mended.stdout).toContain("mended: tags: key");
  expect(mended).toMatchObject({ code: 0, stdout: expect.stringContaining("Nothing stands in the way") });
  await project.succeed("apply", "copy", "--yes");
  expect((await onDatabase(copy, "SELECT nextval('items_id_seq')"))[0]).toEqual({ nextval: "8" });

  expect((await project.heddle("doctor", "other")).stdout).toContain(
    "problem  state: this database is recorded as copy, not other",
  );
  expect([sick, asked, plan, mended].map((run) => run.stdout + run.stderr).join("")).not.toContain("canary");
});

it("doctor env:NAME looks at all tables; what only stops writing is a warning", async () => {
  await onDatabase(copy, `CREATE TABLE IF NOT EXISTS loose (a int); REVOKE ALL ON SCHEMA heddle FROM ${role}`);
  const run = await project.heddle("doctor", "env:COPY_URL");
  expect(run.stdout).toContain("warning  record: the role may not use the schema heddle");
  expect(run.code, run.stdout).toBe(0);
  expect((await project.heddle("doctor", "env:NOT_SET")).stderr).toContain("HDL103");
  expect((await project.heddle("doctor", "postgres://u:canary-in-url@h/d")).stderr).not.toContain("canary");
});

describeMongodb("MongoDB", () => {
  it("doctor tells of server and keys, and mends a missing unique index", async () => {
    const [source, copy] = [await createMongodbDatabase(), await createMongodbDatabase()];
    const [weave, copyOnly] = config.split("---\n");
    using shop = makeProject(
      `${weave!.replace(/ +select: .*/, "  select: [{ dataset: items, key: [sku] }]")}---\n${copyOnly}`,
    );
    Object.assign(shop.variables, { SOURCE_URL: source, COPY_URL: copy });
    for (const url of [source, copy]) {
      await using client = await MongoClient.connect(url);
      const items = client.db().collection<{ _id: number; sku: string }>("items");
      await items.insertOne({ _id: 1, sku: "a" });
      if (url === source) await items.createIndex({ sku: 1 }, { unique: true });
    }
    await shop.succeed("weave");
    const found = await shop.succeed("doctor", "copy");
    for (const line of [
      "server version: MongoDB ",
      "transactions: ",
      "snapshots: ",
      "change streams: ",
      "identity: ",
    ]) {
      expect(found.stdout).toContain(line);
    }
    const missing = "items: key: no unique index holds the key (sku)";
    expect(found.stdout).toContain(`warning  ${missing}`);
    expect((await shop.succeed("doctor", "copy", "--mend", "--yes")).stdout).not.toContain(missing);
    await using client = await MongoClient.connect(copy);
    await expect(client.db().collection("items").insertOne({ sku: "a" })).rejects.toMatchObject({ code: 11000 });
    expect((await shop.succeed("doctor", "copy")).stdout).not.toContain(missing);
  });
});
