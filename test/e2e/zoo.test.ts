import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeCopyProject } from "../support/copy-project.js";
import { onDatabase } from "../support/postgres-client.js";
import { createPostgresDatabase } from "../support/servers.js";
import { hostileDefaults, zooRows, zooSchema, zooTables } from "../unit/database/postgres/zoo.js";

/** Other settings than the source has, by the other way to set them. */
const otherDefaults = [
  "DateStyle = 'German'",
  "IntervalStyle = 'sql_standard'",
  "extra_float_digits = -15",
  "bytea_output = 'escape'",
  "array_nulls = off",
  "quote_all_identifiers = on",
  "TimeZone = 'America/St_Johns'",
  "search_path = ''",
  "xmloption = 'content'",
  "xmlbinary = 'hex'",
  "standard_conforming_strings = off",
  "backslash_quote = on",
  "transform_null_equals = on",
  "default_transaction_isolation = 'repeatable read'",
  "default_transaction_deferrable = on",
  "session_replication_role = 'replica'",
  "client_encoding = 'LATIN1'",
  "client_min_messages = 'debug1'",
  "synchronous_commit = off",
];

/** Every value as the server prints it under the settings that Heddle promises to read under. */
async function contents(url: string): Promise<Record<string, unknown>[]> {
  const settings = ["TimeZone = 'UTC'", "DateStyle = 'ISO'", "IntervalStyle = 'postgres'", "extra_float_digits = 1"];
  const pinned = [...settings, "bytea_output = 'hex'", "client_encoding = 'UTF8'", "quote_all_identifiers = off"];
  const all = zooTables.map(({ name }) => `SELECT '${name}' AS name, id, value::text AS value FROM public.${name}`);
  return await onDatabase(
    url,
    `${[...pinned, "search_path = public"].map((setting) => `SET ${setting};`).join(" ")}
     ${all.join(" UNION ALL ")} ORDER BY name, id`,
  );
}

it("promise 1, C16 to C22: the zoo of types goes from one hostile database to another, and comes back the same", async () => {
  const source = await createPostgresDatabase();
  const copy = await createPostgresDatabase();
  using project = makeCopyProject(source, copy);
  await onDatabase(source, zooSchema + zooRows);
  await onDatabase(copy, zooSchema);
  const nameOf = (url: string) => new URL(url).pathname.slice(1);
  const hostile = [
    ...hostileDefaults.map((setting) => `ALTER DATABASE ${nameOf(source)} SET ${setting};`),
    ...otherDefaults.map((setting) => `ALTER ROLE postgres IN DATABASE ${nameOf(copy)} SET ${setting};`),
  ];
  await onDatabase(source, `SET default_transaction_read_only = off; ${hostile.join(" ")}`);
  expect(await onDatabase(copy, "SHOW DateStyle")).toEqual([{ DateStyle: "German, DMY" }]);

  await project.succeed("weave");
  expect((await project.succeed("weave")).stdout).toContain("No changes; no commit.");
  await project.succeed("apply", "copy", "--yes");
  const values = await contents(copy);
  expect(values).toEqual(await contents(source));
  expect(values).toHaveLength(zooTables.reduce((sum, { values }) => sum + values.length + 1, 0));
  expect((await project.succeed("apply", "copy", "--yes")).stdout).toContain("nothing written");
  expect((await project.succeed("drift", "copy")).stdout).toContain("No changes.");

  const data = (path = "") => project.git("ls-tree", "-r", `HEAD:data/all/${path}`).replace(/^.*_weave\.json$/m, "");
  const files = data();
  project.variables.SOURCE_URL = copy;
  await project.succeed("weave", "--accept-source");
  expect(data(), "weave(apply(T)) has the files of T").toBe(files);

  // What extensions define cannot be built in a scratch database, and nothing else.
  const said = (await project.succeed("verify", "--roundtrip")).stdout;
  const unbuilt = [
    ...said.matchAll(/^! not tried: (\w+): its table cannot be built: .*"public\.(?:citext|hstore|ltree)(?:\[\])?"/gm),
  ];
  const names = unbuilt.map(([, name]) => name!);
  const [out, built] = [true, false].map((is) => zooTables.filter(({ name }) => names.includes(name) === is));
  expect(out!.map(({ type }) => type)).toEqual(["citext", "hstore", "ltree", "hstore[]", "citext[]"]);
  const count = built!.reduce((sum, { values }) => sum + values.length + 1, 0);
  expect(said).toContain(`Round trip: ${count} entries came back the same.`);
}, 300_000);

/** D26. */
const worst = {
  tables: [
    ...[
      'A b"c.d/é',
      "new\nline",
      "a;b",
      "T",
      "t",
      "select",
      "a.b",
      "hed'dle",
      "%s",
      "$1",
      "\\",
      "..",
      "CON",
      ".git",
      "_dataset",
    ],
    ...[
      "é".repeat(31),
      "x".repeat(63),
      "a\u0301",
      "á",
      "😀",
      '"',
      'a"; DROP TABLE t; --',
      " ",
      "TRUE",
      "_weave.json",
      "-rf",
    ],
  ],
  columns: [
    'A b"c.d/é',
    "__proto__",
    "1",
    "0",
    "toString",
    "select",
    "a\nb",
    '"',
    "$oid",
    "\\",
    "A",
    "a",
    "😀",
    "x".repeat(63),
  ],
};
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

it("D26: a schema with the worst identifiers is woven, applied, compared and verified", async () => {
  const source = await createPostgresDatabase();
  const copy = await createPostgresDatabase();
  using project = makeCopyProject(source, copy);
  const tables = ["public", 'x"./;\nÉ', "a", "Order"].flatMap((schema) =>
    (schema === "public" ? worst.tables : ["b", "B", "a.b", "order", '"']).map(
      (table) => `${quoted(schema)}.${quoted(table)}`,
    ),
  );
  const type = `${quoted("a")}.${quoted('Odd "type".x')}`;
  const columns = worst.columns.map((name) => `${quoted(name)} ${type}`).join(", ");
  const create = [
    ...['x"./;\nÉ', "a", "Order"].map((schema) => `CREATE SCHEMA ${quoted(schema)};`),
    `CREATE TYPE ${type} AS ENUM ('it''s', '"', 'a
b');`,
    ...tables.map((table) => {
      return `CREATE TABLE ${table} (${quoted('the "key"')} text, ${columns}, PRIMARY KEY (${quoted('the "key"')}, ${quoted("__proto__")}));`;
    }),
    // Identifiers in foreign keys and sequences.
    `CREATE TABLE "Child;" ("Id ""x""" int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Up" text, "__proto__" ${type},
       FOREIGN KEY ("Up", "__proto__") REFERENCES ${tables[0]!});`,
  ];
  const fill = tables.map((table, i) => {
    return `INSERT INTO ${table} VALUES ('${i}', ${worst.columns.map(() => "'it''s'").join(", ")}), ('K', ${worst.columns.map(() => `'"'`).join(", ")});`;
  });
  fill.push(`INSERT INTO "Child;" ("Up", "__proto__") VALUES ('0', 'it''s'), (NULL, NULL);`);
  await onDatabase(source, create.join("\n") + fill.join("\n"));
  await onDatabase(copy, create.join("\n"));

  await project.succeed("weave");
  expect(project.git("fsck", "--strict")).toBe("");
  expect((await project.succeed("weave")).stdout).toContain("No changes; no commit.");
  const count = 2 * tables.length + 2;
  expect((await project.succeed("apply", "copy", "--yes")).stdout).toContain(`${count} to create, 0 to update`);
  expect((await project.succeed("drift", "copy")).stdout).toContain("No changes.");
  const rows = (url: string) =>
    onDatabase(
      url,
      tables
        .map((table, i) => `SELECT ${i} AS i, t::text AS row FROM ${table} t`)
        .join(" UNION ALL ")
        .concat(" ORDER BY i, row"),
    );
  expect(await rows(copy)).toEqual(await rows(source));

  // One value changes: the plan, the update and drift name it.
  const at = tables.indexOf('"public"."A b""c.d/é"');
  await onDatabase(copy, `UPDATE ${tables[at]!} SET ${quoted("$oid")} = 'it''s' WHERE ${quoted('the "key"')} = 'K'`);
  const drift = await project.heddle("drift", "copy");
  expect(drift.code).toBe(2);
  expect(drift.stdout).toContain("0 to create, 1 to update, 0 to delete.");
  expect(drift.stdout).toContain('$oid: "it\'s" → "\\""');
  await project.succeed("apply", "copy", "--yes", "--full");
  expect(await rows(copy)).toEqual(await rows(source));

  expect((await project.succeed("verify", "--roundtrip")).stdout).toContain(`${count} entries came back the same`);
  expect((await project.succeed("fmt", "--check")).stdout).not.toContain("→");
  const dataset = JSON.parse(
    readFileSync(
      join(
        project.directory,
        "data/all",
        project.git("ls-files", "--", "data/all").match(/data\/all\/(A-b-c-d[^/]*)/)![1]!,
        "_dataset.json",
      ),
      "utf8",
    ),
  ) as { name: string };
  expect(dataset.name).toBe('"A b""c.d/é"');
}, 180_000);
