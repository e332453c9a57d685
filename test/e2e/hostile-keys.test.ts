import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import pg from "pg";
import { expect, it } from "vitest";
import { hostileStrings } from "../fixtures/hostile-strings.js";
import type { TestProject } from "../support/command.js";
import { makeCopyProject } from "../support/copy-project.js";
import { gitIn } from "../support/git.js";
import { createMongodbDatabase, createPostgresDatabase, describeMongodb } from "../support/servers.js";

/** What file systems take for one name: case, normalization, trailing dots and spaces. */
const folded = (name: string) =>
  name
    .normalize("NFKC")
    .toUpperCase()
    .toLowerCase()
    .replace(/[. ]+$/, "");

/** Entries of a directory by name, once it is sure that every system can hold them side by side. */
function portableFiles(directory: string): Map<string, string> {
  const names = readdirSync(directory).filter((name) => name !== "_dataset.json");
  expect(new Set(names.map(folded)).size).toBe(names.length);
  for (const name of names) {
    expect(name).toMatch(/^[A-Za-z\d][A-Za-z\d._,~-]{0,85}\.json$/);
    expect(name.split(".")[0]).not.toMatch(/^(?:con|prn|aux|nul|com\d|lpt\d|git|git~1)$/i);
  }
  return new Map(names.map((name) => [name, readFileSync(join(directory, name), "utf8")]));
}

/** Weaves, clones and applies, and gives the files; the second weave, and the weave of the copy, change nothing. */
async function through(project: TestProject, dataset: string): Promise<Map<string, string>> {
  await project.succeed("weave");
  expect((await project.succeed("weave")).stdout).toContain("No changes; no commit.");
  const files = portableFiles(join(project.directory, "data/all", dataset));
  expect(project.git("fsck", "--strict")).toBe("");
  expect(project.git("status", "--porcelain")).toBe("");

  const clone = project.beside("clone");
  const strict = ["-c", "core.protectNTFS=true", "-c", "core.protectHFS=true", "-c", "core.precomposeUnicode=true"];
  project.git(...strict, "clone", "--quiet", project.directory, clone);
  expect(gitIn(clone, project.environment, "status", "--porcelain")).toBe("");
  expect(portableFiles(join(clone, "data/all", dataset))).toEqual(files);

  await project.succeed("apply", "copy", "--yes");
  expect((await project.succeed("apply", "copy", "--yes")).stdout).toContain("nothing written");
  // The copy, woven in the place of the source, gives the same files: weave(apply(T)) = T.
  const tree = project.git("rev-parse", `HEAD:data/all/${dataset}`);
  project.variables.SOURCE_URL = project.variables.COPY_URL!;
  await project.succeed("weave", "--accept-source");
  expect(project.git("rev-parse", `HEAD:data/all/${dataset}`)).toBe(tree);
  return files;
}

it("E35, E36: hundreds of hostile keys on PostgreSQL: distinct portable files, and the same keys after apply", async () => {
  const source = await createPostgresDatabase();
  const copy = await createPostgresDatabase();
  using project = makeCopyProject(source, copy);
  const query = async (url: string, sql: string, values: unknown[] = []) => {
    const client = new pg.Client(url);
    await client.connect();
    return await client.query<{ key: string; part: string }>(sql, values).finally(() => client.end());
  };
  for (const url of [source, copy])
    await query(url, "CREATE TABLE keyed (key text, part text, PRIMARY KEY (key, part))");
  // Pairs whose parts say the same when they are run together.
  const pairs = [...hostileStrings.map((key) => [key, "x"]), ["x,x", "x"], ["x", "x,x"], ["", ""], ['x","x', "x"]];
  const values = [pairs.map(([key]) => key), pairs.map(([, part]) => part)];
  await query(source, "INSERT INTO keyed SELECT * FROM unnest($1::text[], $2::text[])", values);

  const files = await through(project, "keyed");
  expect(hostileStrings.length).toBeGreaterThan(400);
  expect(files.size).toBe(pairs.length);
  const written = [...files.values()].map((text) => JSON.parse(text) as { key: string; part: string });
  expect(new Set(written.map(({ key, part }) => JSON.stringify([key, part])))).toEqual(
    new Set(pairs.map((pair) => JSON.stringify(pair))),
  );
  const keys = async (url: string) => {
    const { rows } = await query(url, 'SELECT key, part FROM keyed ORDER BY key COLLATE "C", part COLLATE "C"');
    return rows.map(({ key, part }) => [key, part]);
  };
  expect(await keys(copy)).toEqual(await keys(source));
  expect(await keys(copy)).toHaveLength(pairs.length);
}, 180_000);

describeMongodb("MongoDB", () => {
  it("E35, E36: hundreds of hostile keys: distinct portable files, and the same keys after apply", async () => {
    const source = await createMongodbDatabase();
    const copy = await createMongodbDatabase();
    using project = makeCopyProject(source, copy);
    await using client = Object.assign(new MongoClient(source), {
      [Symbol.asyncDispose]: () => client.close(),
    });
    const other = client.db(new URL(copy.replace(/^mongodb(\+srv)?:\/\/[^/]*/, "http://x")).pathname.slice(1));
    // Beside each text: a NUL inside, and the text in documents that differ by the order of their fields (A11).
    const ids = hostileStrings.flatMap((text) => [text, `${text}\0`, { a: text, b: "" }, { b: text, a: "" }]);
    const documents = ids.map((_id) => ({ _id }));
    await client.db().collection<{ _id: unknown }>("keyed").insertMany(documents);

    const files = await through(project, "keyed");
    expect(files.size).toBe(documents.length);
    const keys = async (db: typeof other) => {
      const found = await db.collection("keyed").find({}, { raw: true }).toArray();
      return found.map((document) => (document as unknown as Buffer).toString("hex")).sort();
    };
    expect(await keys(other)).toEqual(await keys(client.db()));
    expect(await keys(other)).toHaveLength(documents.length);
  }, 180_000);
});
