import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { makeProject, type Run, type TestProject } from "../support/command.js";
import { onDatabase } from "../support/postgres-client.js";
import { createMongodbDatabase, createPostgresDatabase, describeMongodb } from "../support/servers.js";

const canary = (name: string) => `canary${name}${randomBytes(8).toString("hex")}`;
/** What may be nowhere at all. */
const secrets = {
  password: canary("password"),
  masked: canary("masked"),
  maskKey: canary("key"),
  wrong: canary("wrong"),
};
/** Data that a project keeps in git, and that no message may repeat. `redact` hides it in plans. */
const value = canary("value");

const config = `apiVersion: heddle/v1
kind: Weave
metadata: { name: shop }
spec:
  source: { url: "\${SOURCE_URL}" }
  maskKey: "\${MASK_KEY}"
  select: [{ dataset: people }, { dataset: items }]
  transform:
    - for: people
      steps: [{ mask: { /email: email, /token: remove } }]
  validate:
    - { for: items, schema: schemas/item.json }
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: copy }
spec:
  database: { url: "\${COPY_URL}" }
  weaves: [shop]
  redact: { items: [/code] }
`;

/** Command lines that hold a secret, of all processes that were there now and then while `work` ran. */
async function watchProcesses<T>(work: () => Promise<T>): Promise<{ result: T; seen: string[] }> {
  const seen: string[] = [];
  const look = () => {
    for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        seen.push(readFileSync(`/proc/${id}/cmdline`, "utf8"));
      } catch {
        // It ended meanwhile.
      }
    }
  };
  const timer = process.platform === "linux" ? setInterval(look, 100) : undefined;
  try {
    return { result: await work(), seen: seen.filter(holdsSecret) };
  } finally {
    clearInterval(timer);
  }
}

const holdsSecret = (text: string) => [...Object.values(secrets), value].some((secret) => text.includes(secret));

/** Puts a git before the real one that writes down how it is called, since its processes are too short to be met by chance. */
function recordGit(project: TestProject): string {
  const directory = project.beside("bin");
  const log = join(directory, "log");
  const real = execFileSync("which", ["git"]).toString().trim();
  mkdirSync(directory);
  const script = `#!/bin/sh\nprintf '%s ' "$@" >> '${log}'\nexec '${real}' "$@"\n`;
  writeFileSync(join(directory, "git"), script, { mode: 0o755 });
  project.environment.PATH = `${directory}:${project.environment.PATH}`;
  return log;
}

let project: TestProject;
let gitLog: string;
const debugged: string[] = [];

/** Runs a command, with --debug from time to time, and finds no canary in what it says or in the list of processes. */
async function silent(...args: string[]): Promise<Run> {
  const debug = args.includes("--debug") || debugged.length % 2 === 0 ? ["--debug"] : [];
  debugged.push(args[0]!);
  const { result, seen } = await watchProcesses(() => project.heddle(...args, ...debug));
  for (const secret of [...Object.values(secrets), value]) {
    expect(result.stdout, args.join(" ")).not.toContain(secret);
    expect(result.stderr, args.join(" ")).not.toContain(secret);
  }
  expect(seen).toEqual([]);
  expect(holdsSecret(readFileSync(gitLog, "utf8")), "git was called with a secret").toBe(false);
  return result;
}

/** Everything in the repository: all objects, reachable or not, and every other file. */
function repositoryText(): string {
  const objects = project.git("cat-file", "--batch-all-objects", "--batch", "--unordered");
  const files = readdirSync(project.directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
  return [objects, ...files].join("\n");
}

function expectNoSecret(text: string): void {
  for (const secret of Object.values(secrets)) {
    for (const form of [secret, Buffer.from(secret).toString("base64").slice(0, -4), encodeURIComponent(secret)]) {
      expect(text.includes(form)).toBe(false);
    }
  }
}

describe("H55, promise 10: PostgreSQL", () => {
  const role = `heddle_${randomBytes(6).toString("hex")}`;
  let source: string;
  let copy: string;
  let sound: Record<string, string>;
  const withLogin = (url: string, password: string) => Object.assign(new URL(url), { username: role, password }).href;

  beforeAll(async () => {
    project = makeProject(config);
    gitLog = recordGit(project);
    source = await createPostgresDatabase();
    copy = await createPostgresDatabase();
    await onDatabase(source, `CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD '${secrets.password}'`);
    const schema = `
      CREATE TABLE people (id int PRIMARY KEY, email text, token text);
      CREATE TABLE items (id int PRIMARY KEY, code text NOT NULL UNIQUE, parent text REFERENCES items (code), n int);`;
    await onDatabase(
      source,
      `${schema}
      INSERT INTO people VALUES (1, '${secrets.masked}@example.com', '${secrets.masked}'), (2, NULL, NULL);
      INSERT INTO items VALUES (1, 'a', NULL, 1), (2, 'b', 'a', 2)`,
    );
    await onDatabase(copy, `${schema} ALTER TABLE items ADD CHECK (n < 100)`);
    sound = {
      SOURCE_URL: withLogin(source, secrets.password),
      COPY_URL: withLogin(copy, secrets.password),
      MASK_KEY: secrets.maskKey,
    };
    Object.assign(project.variables, sound);
    project.write("schemas/item.json", JSON.stringify({ properties: { code: { maxLength: 60 } } }));
    project.commitAll();
    for (const args of [["weave", "--json"], ["weave"], ["plan", "copy"], ["plan", "copy", "--json"]]) {
      expect((await silent(...args)).code).toBe(0);
    }
    expect((await silent("apply", "copy", "--yes")).code).toBe(0);
  }, 180_000);
  afterAll(async () => {
    for (const url of [source, copy])
      await onDatabase(url, `REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}`);
    await onDatabase(source, `DROP ROLE ${role}`);
    project[Symbol.dispose]();
  });

  it("success: weave, plan, apply, drift, validate, config show; and nothing in the repository or the record", async () => {
    await onDatabase(
      copy,
      `UPDATE people SET email = '${secrets.masked}'; UPDATE items SET code = '${value}' WHERE id = 2`,
    );
    for (const args of [
      ["drift", "copy"],
      ["drift", "copy", "--json"],
    ])
      expect((await silent(...args)).code).toBe(2);
    expect((await silent("apply", "copy", "--yes", "--full", "--json")).code).toBe(0);
    for (const args of [["validate"], ["validate", "--json"], ["config", "show"]]) {
      expect((await silent(...args)).code).toBe(0);
    }
    expectNoSecret(repositoryText());
    const records = await onDatabase(copy, "SELECT record::text FROM heddle.applied");
    expectNoSecret(JSON.stringify(records));
    expect(JSON.stringify(records)).not.toContain(value);
  }, 180_000);

  it.each(["a bad login", "a bad host", "a URL that is none"])("%s", async (fault) => {
    const broken = (url: string) => {
      if (fault === "a bad login") return withLogin(url, secrets.wrong);
      if (fault === "a bad host") return url.replace(/@[^/]+/, "@127.0.0.1:1");
      return url.replace("@", "@[").replace("postgres://", "postgres://%zz");
    };
    project.variables.SOURCE_URL = broken(sound.SOURCE_URL!);
    project.variables.COPY_URL = broken(sound.COPY_URL!);
    try {
      for (const args of [["weave"], ["plan", "copy"], ["apply", "copy", "--yes"], ["drift", "copy"]]) {
        const run = await silent(...args, "--debug");
        expect(run.stderr).toMatch(/^error HDL20[01]: /);
        expect(run.code).toBe(1);
      }
    } finally {
      Object.assign(project.variables, sound);
    }
  });

  const entry = (id: number, fields: object) =>
    project.write(`data/shop/items/${id}.json`, `${JSON.stringify({ id, ...fields }, null, 2)}\n`);

  it.each([
    ["a unique constraint", "HDL205", { code: value, parent: null, n: 1 }, `INSERT INTO items VALUES (99, '${value}')`],
    ["a check constraint", "HDL205", { code: value, parent: null, n: 100 }, ""],
    ["a foreign key", "HDL205", { code: "c", parent: `${value}`, n: 1 }, ""],
    [
      "a trigger that raises the value",
      "HDL205",
      { code: value, parent: null, n: 1 },
      `
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no %', NEW; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION refuse()`,
    ],
    ["a value of another type", "HDL400", { code: "c", parent: null, n: value }, ""],
    ["a schema of validate", "HDL501", { code: value.repeat(3), parent: null, n: 1 }, ""],
  ])("an entry refused by %s", async (_, code, fields, sql) => {
    const before = project.git("rev-parse", "HEAD");
    // The foreign key's column is shown by the plan: that is what a plan is for.
    if ("parent" in fields && fields.parent)
      project.write("weave-configs/heddle.yaml", config.replace("[/code]", "[/code, /parent]"));
    entry(3, fields);
    project.commitAll();
    if (sql) await onDatabase(copy, sql);
    try {
      const run = await silent("apply", "copy", "--yes", "--debug");
      expect(run.stderr).toContain(`error ${code}: `);
      expect(run.code).toBe(1);
      if (code !== "HDL205") await silent("validate", "--debug");
    } finally {
      project.git("reset", "--quiet", "--hard", before);
      await onDatabase(
        copy,
        "DROP TRIGGER IF EXISTS refuse ON items; DROP FUNCTION IF EXISTS refuse; DELETE FROM items WHERE id = 99",
      );
    }
  });
});

describeMongodb("H55, promise 10: MongoDB", () => {
  it("success, a bad host, a unique value and a validator", async () => {
    using own = makeProject(config);
    project = own;
    gitLog = recordGit(own);
    const source = await createMongodbDatabase();
    const copy = await createMongodbDatabase();
    Object.assign(own.variables, { SOURCE_URL: source, COPY_URL: copy, MASK_KEY: secrets.maskKey });
    own.write("schemas/item.json", "{}");
    await using client = await new MongoClient(inject("mongodbUrl")!).connect();
    const [from, to] = [source, copy].map((url) => client.db(new URL(url).pathname.slice(1)));
    await from!.collection("people").insertOne({ email: `${secrets.masked}@example.com`, token: secrets.masked });
    await from!.collection("items").insertMany([
      { _id: 1 as never, code: "a" },
      { _id: 2 as never, code: value },
    ]);
    expect((await silent("weave")).code).toBe(0);
    expectNoSecret(repositoryText());

    await to!.collection("items").createIndex({ code: 1 }, { unique: true });
    await to!.collection("items").insertOne({ _id: 9 as never, code: value });
    const twice = await silent("apply", "copy", "--yes", "--debug");
    expect(twice.stderr).toContain("error HDL205: ");
    await to!.collection("items").drop();
    await to!.createCollection("items", { validator: { code: "a" } });
    const invalid = await silent("apply", "copy", "--yes", "--debug");
    expect(invalid.stderr).toContain("error HDL205: ");

    const nowhere = `mongodb://ada:${secrets.password}@127.0.0.1:1/shop?serverSelectionTimeoutMS=300`;
    for (const url of [nowhere, nowhere.replace("127", "%zz")]) {
      Object.assign(own.variables, { SOURCE_URL: url, COPY_URL: url });
      for (const args of [["weave"], ["apply", "copy", "--yes"]]) {
        expect((await silent(...args, "--debug")).stderr).toMatch(/^error HDL200: /);
      }
    }
  }, 180_000);
});
