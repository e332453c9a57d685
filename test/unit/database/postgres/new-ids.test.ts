import { expect, test } from "vitest";
import { describeTable } from "../../../../src/database/describe.js";
import { newIds as newDocumentIds } from "../../../../src/database/mongodb/new-ids.js";
import { openDatabase } from "../../../../src/database/open.js";
import type { Fields } from "../../../../src/model/json.js";
import { onDatabase } from "../../../support/postgres-client.js";
import { createPostgresDatabase } from "../../../support/servers.js";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4/;

test("D28: new ids come from identities, sequences and defaults, past what is there already; what has none is refused", async () => {
  const url = await createPostgresDatabase();
  await onDatabase(
    url,
    `CREATE TABLE always (id int GENERATED ALWAYS AS IDENTITY (INCREMENT 5) PRIMARY KEY);
     CREATE TABLE serial (id bigserial PRIMARY KEY); INSERT INTO serial VALUES (100), (200);
     CREATE SEQUENCE downward INCREMENT -1; CREATE TABLE down (id int DEFAULT nextval('downward') PRIMARY KEY); INSERT INTO down VALUES (-7);
     CREATE TABLE uuids (id uuid PRIMARY KEY); CREATE TABLE made (id uuid DEFAULT gen_random_uuid() PRIMARY KEY);
     CREATE SCHEMA app; CREATE FUNCTION app.next() RETURNS text LANGUAGE sql AS $$ SELECT 'n' || count(*) FROM public.always $$;
     CREATE TABLE text (id text DEFAULT app.next() PRIMARY KEY); CREATE TABLE none (id int PRIMARY KEY)`,
  );
  await using database = await openDatabase(url);
  const tables = await database.read((session) => session.tables());
  const ids = (name: string, count = 2) => {
    const dataset = describeTable("postgresql", tables.find((table) => table.name === name)!, {});
    return database.write(async (session) => {
      const made = await session.newIds(dataset, ["id"], count);
      await session.write(dataset, {
        kind: "create",
        entries: made.map((fields) => ({ key: keyText(fields), fields })),
      });
      return made.map((fields) => fields.get("id"));
    });
  };
  expect(await ids("always")).toEqual([1, 6]);
  expect(await ids("always")).toEqual([11, 16]);
  expect(await ids("serial")).toEqual([201, 202]);
  expect(await ids("down")).toEqual([-8, -9]);
  expect(await ids("uuids")).toEqual([expect.stringMatching(uuid), expect.stringMatching(uuid)]);
  expect(await ids("made")).toEqual([expect.stringMatching(uuid), expect.stringMatching(uuid)]);
  expect(await ids("text", 1)).toEqual(["n4"]);
  await expect(ids("none")).rejects.toMatchObject({ code: "HDL206", problems: [{ dataset: "none", path: "/id" }] });
  // The application's own next row finds its number free.
  expect(await onDatabase(url, "INSERT INTO serial DEFAULT VALUES RETURNING id")).toEqual([{ id: "203" }]);
});

test("documents get ids of the kind that they have in git: ObjectIds, UUIDs; others are refused", () => {
  const made = (like: Fields | undefined) => newDocumentIds("t", ["_id"], 2, like).map((fields) => fields.get("_id"));
  expect(made(undefined)).toEqual([{ $oid: expect.stringMatching(/^[0-9a-f]{24}$/) }, { $oid: expect.anything() }]);
  expect(made(new Map([["_id", "c9bf9e57-1685-4c89-bafb-ff5af830be8a"]]))).toEqual([
    expect.stringMatching(uuid),
    expect.stringMatching(uuid),
  ]);
  const binary = { $binary: { base64: "yb+eVxaFTIm6+/9a+DC+ig==", subType: "04" } };
  const [first, second] = made(new Map([["_id", binary]])) as (typeof binary)[];
  expect(first!.$binary).toMatchObject({ base64: expect.stringMatching(/^.{22}==$/), subType: "04" });
  expect(first).not.toEqual(second);
  expect(() => made(new Map([["_id", 7]]))).toThrow("there is no way to make a new _id");
});

function keyText(fields: Fields): string {
  return JSON.stringify([...fields.values()]);
}
