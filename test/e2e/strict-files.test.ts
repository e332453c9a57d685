import { MongoClient } from "mongodb";
import { expect, it } from "vitest";
import type { TestProject } from "../support/command.js";
import { makeCopyProject } from "../support/copy-project.js";
import { onDatabase } from "../support/postgres-client.js";
import { createMongodbDatabase, createPostgresDatabase, describeMongodb } from "../support/servers.js";

/** Writes files that are wrong, each with the places and words that are to be said of it; every verb says all, and writes nothing. */
async function expectAllTold(
  project: TestProject,
  dataset: string,
  files: Record<string, [text: string, ...RegExp[]]>,
) {
  for (const [name, [text]] of Object.entries(files)) project.write(`data/all/${dataset}/${name}`, text);
  project.commitAll("edit by hand");
  const before = project.git("rev-parse", "HEAD^{tree}");
  for (const verb of [
    ["validate"],
    ["fmt"],
    ["fmt", "--check"],
    ["verify"],
    ["plan", "copy"],
    ["apply", "copy", "--yes"],
  ]) {
    const { code, stdout, stderr } = await project.heddle(...verb);
    expect([verb, code, stdout]).toEqual([verb, 1, ""]);
    expect(stderr).toContain("error HDL400: ");
    for (const [name, [, ...told]] of Object.entries(files)) {
      const said = stderr.replaceAll(`: ${dataset}: `, ": ").split("\n");
      const lines = said.filter((line) => line.includes(`data/all/${dataset}/${name}:`));
      const unfit = told.filter((words, i) => !words.test(lines[i] ?? ""));
      expect([unfit, lines.length], lines.join("\n")).toEqual([[], told.length]);
    }
  }
  expect(project.git("status", "--porcelain")).toBe("");
  expect(project.git("rev-parse", "HEAD^{tree}")).toBe(before);
}

const lines = (...members: string[]) => `{\n${members.map((member) => `  ${member}`).join(",\n")}\n}\n`;

it("strict reading, PostgreSQL: every malformed value of every file is told at once, with line, column and path", async () => {
  const source = await createPostgresDatabase();
  const copy = await createPostgresDatabase();
  using project = makeCopyProject(source, copy);
  const schema =
    "CREATE TABLE t (id int PRIMARY KEY, big bigint, at date, doc jsonb, tags text[], price numeric(8,2), ok boolean)";
  for (const url of [source, copy])
    await onDatabase(url, `${schema}; INSERT INTO t VALUES (1), (2), (3), (4), (5), (6)`);
  await project.succeed("weave");
  const row = (id: number, set: Record<string, string>) => {
    const members = { big: "null", at: "null", doc: "null", tags: "null", price: "null", ok: "null", ...set };
    return lines(`"id": ${id}`, ...Object.entries(members).map(([name, value]) => `"${name}": ${value}`));
  };
  await expectAllTold(project, "t", {
    "1.json": [row(1, { doc: '{"$json": "{"}' }), /:5:10: \/doc: the text in \$json is no JSON/],
    "2.json": [
      row(2, { doc: '{"a": {"$oid": "x"}}', price: '{"$numberDecimal": "1"}' }),
      /:5:\d+: \/doc.*begins with \$/,
      /:7:12: \/price.*begins with \$/,
    ],
    "3.json": [row(3, { ok: 'true,\n  "ok": false' }), /:9:3: \/ok: the same name stands twice/],
    "4.json": [
      row(4, { big: "1.5", at: "20260101", tags: '["a", 1, [2]]', price: "1.50", ok: '"true"' }),
      /:3:10: \/big: a whole number in range expected for bigint/,
      /:4:9: \/at: text in quotes expected for date/,
      /:6:\d+: \/tags\/1: text in quotes expected for text/,
      /:6:\d+: \/tags\/2\/0: text in quotes expected for text/,
      /:6:11: \/tags: arrays inside an array have the same length/,
      /:7:12: \/price: a number in quotes, such as "1\.50", expected for numeric\(8,2\)/,
      /:8:9: \/ok: true or false expected for boolean/,
    ],
    "5.json": [row(5, { big: "9007199254740993" }), /:3:10: \/big: a number that would not be read exactly/],
    "6.json": [
      lines('"id": 6', '"big": null', '"extra": 1'),
      /at: the column is missing/,
      /doc/,
      /tags/,
      /price/,
      /ok/,
      /:4:12: \/extra: no column of the dataset/,
    ],
  });
  // What only the server can judge is refused by it, before anything is written.
  project.git("reset", "--quiet", "--hard", "HEAD~1");
  project.write("data/all/t/1.json", row(1, { at: '"30 February"' }));
  project.commitAll("no date");
  const plan = await project.heddle("plan", "copy");
  expect([plan.code, plan.stdout]).toEqual([1, ""]);
  expect(plan.stderr).toContain("error HDL204: ");
  expect(plan.stderr).toContain("t/[1]: a value does not fit its type");
}, 180_000);

describeMongodb("MongoDB", () => {
  it("strict reading: every malformed, unknown or misplaced wrapper of every file is told at once", async () => {
    const source = await createMongodbDatabase();
    const copy = await createMongodbDatabase();
    using project = makeCopyProject(source, copy);
    await using client = Object.assign(new MongoClient(source), { [Symbol.asyncDispose]: () => client.close() });
    await client
      .db()
      .collection<{ _id: number }>("things")
      .insertMany([1, 2, 3, 4].map((_id) => ({ _id })));
    await project.succeed("weave");
    await expectAllTold(project, "things", {
      "1.json": [
        lines('"_id": 1', '"a": {"$oid": "1"}', '"b": [{"$date": "30 February"}]', '"c": {"$numberInt": "x"}'),
        /:3:8: \/a: malformed \$oid/,
        /:4:9: \/b\/0: malformed \$date/,
        /:5:8: \/c: malformed \$numberInt/,
      ],
      "2.json": [
        lines('"_id": 2', '"a": {"b": {"$gt": 1}}', '"c": {"$oid": "65f0a1b2c3d4e5f60718293a", "d": 1}'),
        /:3:14: \/a\/b: unknown wrapper "\$gt"/,
        /:4:8: \/c: malformed \$oid/,
      ],
      "3.json": [
        lines('"_id": 3', '"a": {"x": 1, "x": 2}', '"b": {"b": 1, "1": 2}'),
        /:3:17: \/a\/x: the same name stands twice/,
        /:4:8: \/b: members with whole numbers/,
      ],
      "4.json": [
        lines('"_id": 4', '"a": 12345678901234567890', '"b": 1e400'),
        /:3:8: \/a: a number that would not be read exactly/,
        /:4:8: \/b: a number/,
      ],
    });
  }, 180_000);
});
