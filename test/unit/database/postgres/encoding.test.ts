import { expect, test } from "vitest";
import { postgresFixture } from "./server.js";

const template = "TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C' ENCODING";

test("C24: bytes that are no UTF-8 in a SQL_ASCII database are refused with table and key, however they are read", async () => {
  const { client, dataset, entries, found } = await postgresFixture(
    "CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'fine'), (2, convert_from('\\xc3a9', 'SQL_ASCII')), (3, '')",
    `${template} 'SQL_ASCII'`,
  );
  const table = await dataset("t");
  expect((await entries(table)).map(({ text }) => text).join()).toContain("é");
  await client.query("UPDATE t SET v = convert_from('\\x61ff62', 'SQL_ASCII') WHERE id = 3");
  const refusal = { code: "HDL204", problems: [{ dataset: "t", key: "[3]" }] };
  await expect(entries(table)).rejects.toMatchObject(refusal);
  await expect(entries(table, "id > 0")).rejects.toMatchObject(refusal);
  await expect(found(table, ["[3]"])).rejects.toMatchObject(refusal);
  expect(await entries(table, "id < 3")).toHaveLength(2);
});

test("C24: a LATIN1 database is read and written in UTF-8; what it cannot hold is refused without the value", async () => {
  const { client, dataset, rows, create } = await postgresFixture(
    "CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, U&'caf\\00e9 \\0085')",
    `${template} 'LATIN1'`,
  );
  const table = await dataset("t");
  expect(await rows(table)).toEqual([{ id: 1, v: "café \u0085" }]);
  await create(table, { id: 2, v: "ÿ" });
  expect((await client.query("SELECT encode(v::bytea, 'hex') AS hex FROM t WHERE id = 2")).rows).toEqual([
    { hex: "ff" },
  ]);
  const error = await create(table, { id: 3, v: "canary 😀" }).catch((error) => error);
  expect(error.code).toBe("HDL205");
  expect(JSON.stringify([error.message, error.problems, error.cause.message])).not.toContain("canary");
});
