import type pg from "pg";
import { expect, inject, test } from "vitest";
import { openDatabase } from "../../../../src/database/open.js";
import { everythingSaid } from "../../../contract/contract.js";
import { postgresFixture, shortcuts } from "./server.js";

/** The same database as another role, which is made for the test. */
async function asRole(url: string, client: pg.Client, grants: (role: string) => string, options = {}) {
  const role = `heddle_role_${Math.random().toString(36).slice(2)}`;
  await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'role-password'; ${grants(role)}`);
  const address = new URL(url);
  address.username = role;
  address.password = "role-password";
  const database = await openDatabase(address.href, options);
  return {
    database,
    ...shortcuts(database),
    role,
    async end() {
      await database[Symbol.asyncDispose]();
      await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    },
  };
}

test("D30: rows that a policy would hide are an error, not missing; `accept` reads what the role may see", async () => {
  const { url, client, dataset } = await postgresFixture(`
    CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'mine'), (2, 'hidden');
    ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON t USING (v = 'mine');
  `);
  const t = await dataset("t");
  const strict = await asRole(url, client, (role) => `GRANT SELECT ON t TO ${role}`);
  for (const read of [() => strict.rows(t), () => strict.rows(t, "id > 0"), () => strict.found(t, ["[1]"])]) {
    await expect(read()).rejects.toMatchObject({
      code: "HDL202",
      hint: expect.stringContaining("rowSecurity: accept"),
    });
  }
  await strict.end();
  const lenient = await asRole(url, client, (role) => `GRANT SELECT ON t TO ${role}`, { rowSecurity: "accept" });
  expect(await lenient.rows(t)).toEqual([{ id: 1, v: "mine" }]);
  await lenient.end();
});

test("15: a role that may only read reads, plans and finds no record; its writes are HDL205", async () => {
  const { url, client, dataset, database } = await postgresFixture(
    "CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'); CREATE TABLE secret (id integer PRIMARY KEY)",
  );
  const t = await dataset("t");
  const reader = await asRole(url, client, (role) => `GRANT SELECT ON t TO ${role}`);
  expect(await reader.rows(t)).toHaveLength(1);
  expect(await reader.database.read((session) => session.records())).toEqual([]);
  expect(await reader.database.read((session) => session.identity())).toBe(await database.read((s) => s.identity()));
  await expect(reader.rows(await dataset("secret"))).rejects.toMatchObject({
    code: "HDL202",
    message: expect.stringContaining("permission denied for table secret"),
  });
  await expect(reader.create(t, { id: 2, v: "b" })).rejects.toMatchObject({ code: "HDL205" });
  await expect(reader.database.write((s) => s.saveRecord({} as never))).rejects.toMatchObject({ code: "HDL205" });
  // A record that may not be read is no missing record.
  await database.write((session) => session.saveRecord({ version: 1, plan: "p", environment: "e" } as never));
  await expect(reader.database.read((session) => session.records())).rejects.toMatchObject({ code: "HDL202" });
  await reader.end();
});

test("identity is refused rather than guessed where the role may not read it", async () => {
  const { url, client } = await postgresFixture();
  await client.query("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM public");
  const role = await asRole(url, client, () => "");
  await expect(role.database.read((session) => session.identity())).rejects.toMatchObject({
    code: "HDL202",
    hint: expect.stringContaining("GRANT EXECUTE"),
  });
  await role.end();
});

test("C18: session_replication_role other than origin is put back, or refused where the role may not", async () => {
  const { url, client, dataset } = await postgresFixture(`
    CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE t (id integer PRIMARY KEY REFERENCES p);
  `);
  const t = await dataset("t");
  const name = new URL(url).pathname.slice(1);
  await client.query(`ALTER DATABASE ${name} SET session_replication_role = replica`);
  await using database = await openDatabase(url);
  const mine = shortcuts(database);
  await expect(mine.create(t, { id: 1 })).rejects.toThrow(/foreign key/);
  const role = await asRole(url, client, (r) => `GRANT ALL ON p, t TO ${r}`);
  await expect(role.create(t, { id: 1 })).rejects.toThrow(/session_replication_role/);
  await role.end();
});

test("HDL200 and HDL201 without the password: no server, no database, wrong login, no URL (55)", async () => {
  const good = new URL(inject("postgresUrl"));
  const cases: [string, string][] = [
    [`postgres://user:canary@127.0.0.1:1/db`, "HDL200"],
    [`postgres://user:canary@no-such-host.invalid/db`, "HDL200"],
    [`postgres://${good.username}:canary@${good.host}/postgres`, "HDL201"],
    [`postgres://nobody_here:canary@${good.host}/postgres`, "HDL201"],
    [`${good.href.replace(/[^/]*$/, "no_such_database")}`, "HDL200"],
  ];
  for (const [url, code] of cases) {
    await using database = await openDatabase(url);
    const error = await database.read(async (session) => session.tables()).catch((error) => error);
    expect(error, url).toMatchObject({ code });
    expect(everythingSaid(error)).not.toContain("canary");
    expect(everythingSaid(error)).not.toContain(good.password);
  }
  for (const url of ["postgres://user:canary@", "postgres:// canary", "mysql://user:canary@host/db", "canary", ""]) {
    const error = await openDatabase(url)
      .then((database) => database.read(async (session) => session.tables()))
      .catch((error) => error);
    expect(error, url).toMatchObject({ code: "HDL200" });
    expect(everythingSaid(error)).not.toContain("canary");
  }
  const named = await openDatabase("postgres://user:canary@127.0.0.1:1/db", { label: "environment staging" });
  await expect(named.read((session) => session.tables())).rejects.toThrow(/^environment staging: /);
});

test("D32: a session that the server ends is an error that may be tried again, and the next one works", async () => {
  const { client, database } = await postgresFixture("CREATE TABLE t (id integer PRIMARY KEY)");
  const error = await database
    .read(async (session) => {
      await session.tables();
      const end =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'heddle%' AND datname = current_database()";
      await client.query(end);
      await session.tables();
    })
    .catch((error) => error);
  expect(error.code).toMatch(/^HDL20[02]$/);
  expect(database.isTransient(error)).toBe(true);
  expect(await database.read((session) => session.tables())).toHaveLength(1);
});

test("D32: deadlocks and serialization failures are transient, constraint violations are not", async () => {
  const { database, dataset, create } = await postgresFixture(
    "CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, ''), (2, '')",
  );
  const t = await dataset("t");
  const set = (key: string) => ({ kind: "update" as const, entries: [{ key, set: new Map([["v", "x"]]) }] });
  let arrived = 0;
  const crosswise = (first: string, second: string) =>
    database.write(async (session) => {
      await session.write(t, set(first));
      arrived++;
      while (arrived < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      await session.write(t, set(second));
    });
  const results = await Promise.allSettled([crosswise("[1]", "[2]"), crosswise("[2]", "[1]")]);
  const failed = results.filter((result) => result.status === "rejected");
  expect(failed).toHaveLength(1);
  expect(failed[0]!.reason.code).toBe("HDL205");
  expect(database.isTransient(failed[0]!.reason)).toBe(true);
  const clash = await create(t, { id: 1, v: "" }).catch((error) => error);
  expect(database.isTransient(clash)).toBe(false);
});

test("a query while a whole table is being read is an error, where it would wait for ever", async () => {
  const { database, dataset, client } = await postgresFixture("CREATE TABLE t (id integer PRIMARY KEY)");
  await client.query("INSERT INTO t SELECT generate_series(1, 100000)");
  const t = await dataset("t");
  const nested = database.read(async (session) => {
    for await (const _ of session.entries(t)) await session.estimate(t);
  });
  await expect(nested).rejects.toMatchObject({ code: "HDL999" });
  // A reader that throws in the middle leaves a usable connection.
  const stop = new Error("stop");
  const stopped = database.read(async (session) => {
    for await (const _ of session.entries(t)) throw stop;
  });
  await expect(stopped).rejects.toBe(stop);
  expect(await database.read((session) => session.estimate(t))).toBeGreaterThan(1000);
});

test("D32: a connection lost during the commit is no transient error: what was written may stand", async () => {
  const { client, database, dataset } = await postgresFixture(`
    CREATE TABLE t (id integer PRIMARY KEY, v text);
    CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NEW; END';
    CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut();
  `);
  const t = await dataset("t");
  const fields = new Map([["id", 1]]);
  const error = await database
    .write((session) => session.write(t, { kind: "create", entries: [{ key: "[1]", fields }] }))
    .catch((error) => error);
  expect(error).toMatchObject({ code: "HDL210", hint: expect.stringContaining("not known") });
  expect(database.isTransient(error)).toBe(false);
  expect((await client.query("SELECT FROM t")).rowCount).toBe(0);
});
