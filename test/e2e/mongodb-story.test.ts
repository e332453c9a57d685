import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Document, MongoClient } from "mongodb";
import { expect, it } from "vitest";
import { collections, fill, mapOf, toBytes } from "../fixtures/film-library.js";
import { makeProject, type TestProject } from "../support/command.js";
import { copyConfig } from "../support/copy-project.js";
import { createMongodbDatabase, describeMongodb } from "../support/servers.js";

const config = (select: string) => copyConfig("library", select);

async function connect(url: string) {
  const client = await new MongoClient(url).connect();
  return Object.assign(client.db(), { [Symbol.asyncDispose]: () => client.close() });
}
type Named = Document & { _id: string };
type Database = Awaited<ReturnType<typeof connect>>;

/** The documents of a collection as the server's own bytes, in hex, in one order. */
async function bytes(database: Database, collection: string, filter: Document = {}): Promise<string[]> {
  const found = await database.collection(collection).find(filter, { raw: true }).toArray();
  return found.map((document) => (document as unknown as Buffer).toString("hex")).sort();
}

async function expectSame(a: Database, b: Database): Promise<void> {
  for (const name of collections) expect(await bytes(a, name), name).toEqual(await bytes(b, name));
}

/** Collections written to while `work` runs, one name for each write, as the server's change stream tells. */
async function writes(database: Database, work: () => Promise<unknown>): Promise<string[]> {
  const stream = database.watch();
  const mark = (name: string) => database.collection("mark").insertOne({ name });
  const next = () => stream.next() as Promise<{ ns?: { coll: string }; fullDocument?: { name: string } }>;
  try {
    // It is open once it tells of a write.
    let open = false;
    const first = next().then(() => {
      open = true;
    });
    while (!open) {
      await mark("begin");
      await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 100))]);
    }
    await work();
    await mark("end");
    const seen: string[] = [];
    for (;;) {
      const { ns, fullDocument } = await next();
      if (ns?.coll !== "mark") seen.push(ns?.coll ?? "?");
      else if (fullDocument?.name === "end") return seen;
    }
  } finally {
    await stream.close();
    await database.collection("mark").drop();
  }
}

const path = (project: TestProject, dataset: string, name: string) =>
  join(project.directory, `data/library/${dataset}/${name}.json`);
const read = (project: TestProject, dataset: string, name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(path(project, dataset, name), "utf8"));
const write = (project: TestProject, dataset: string, name: string, fields: object) =>
  project.write(`data/library/${dataset}/${name}.json`, `${JSON.stringify(fields, null, 2)}\n`);

describeMongodb("the main job on MongoDB", () => {
  it("promises 1, 2, 7: weave, apply to an empty database, edit, revert, byte for byte", async () => {
    using project = makeProject(config('[{ dataset: "*" }]'));
    project.variables.SOURCE_URL = await createMongodbDatabase();
    project.variables.COPY_URL = await createMongodbDatabase();
    await using source = await connect(project.variables.SOURCE_URL);
    await using copy = await connect(project.variables.COPY_URL);
    const count = await fill(source);

    expect((await project.succeed("weave")).stdout).toContain(`weave library: ${count} added`);
    expect(project.git("status", "--porcelain")).toBe("");
    project.git("fsck", "--strict");
    const tree = project.git("rev-parse", "HEAD:data");
    expect((await project.succeed("weave")).stdout).toContain("No changes; no commit.");

    const applied = await project.succeed("apply", "copy", "--yes");
    expect(applied.stdout).toContain(`${count} to create, 0 to update, 0 to delete.`);
    await expectSame(copy, source);

    const again = () => project.succeed("apply", "copy", "--yes");
    expect(await writes(copy, async () => expect((await again()).stdout).toContain("nothing written"))).toEqual([]);
    expect((await project.succeed("drift", "copy")).stdout).toContain("No changes.");

    // An edited file, one with its fields in another order, and one that lost a field.
    const [edited, turned, shorter] = [1, 2, 3].map((i) => i.toString(16).padStart(24, "0")) as [
      string,
      string,
      string,
    ];
    const film = read(project, "movies", edited) as { imdb: { rating: unknown }; title: string };
    film.title = "Nosferatu";
    film.imdb.rating = { $numberDouble: "8.0" };
    write(project, "movies", edited, film);
    const { _id, ...rest } = read(project, "movies", turned);
    write(project, "movies", turned, { _id, ...Object.fromEntries(Object.entries(rest).reverse()) });
    const { plot: _, ...without } = read(project, "movies", shorter);
    write(project, "movies", shorter, without);
    project.commitAll("three films");
    const plan = await project.succeed("plan", "copy");
    expect(plan.stdout).toContain(`  ~ ${edited}
      title: "Film 1" → "Nosferatu"
      imdb/rating: 7.25 → {"$numberDouble":"8.0"}
  ~ ${turned}
      order of fields: [`);
    expect(plan.stdout).toContain(`  ~ ${shorter}\n      plot: `);
    expect(plan.stdout).toContain("0 to create, 3 to update, 0 to delete.");
    const written = await writes(copy, again);
    expect(written.filter((name) => !name.startsWith("heddle"))).toEqual(["movies", "movies", "movies"]);
    const live = (name: string) => copy.collection("movies").findOne({ title: name }, { promoteValues: false });
    expect(await live("Nosferatu")).toMatchObject({ imdb: { rating: { _bsontype: "Double", value: 8 } } });
    expect(Object.keys((await live("Film 2"))!)).toEqual(["_id", ...Object.keys(rest).reverse()]);
    expect(await live("Film 3")).not.toHaveProperty("plot");

    project.git("revert", "--no-edit", "HEAD");
    expect(project.git("rev-parse", "HEAD:data")).toBe(tree);
    await again();
    await expectSame(copy, source);
  }, 180_000);

  it("A1, A4: names with dots and dollars, and integer-like ones, are carried, planned and updated", async () => {
    using project = makeProject(config("[{ dataset: odd }]"));
    project.variables.SOURCE_URL = await createMongodbDatabase();
    project.variables.COPY_URL = await createMongodbDatabase();
    await using source = await connect(project.variables.SOURCE_URL);
    await using copy = await connect(project.variables.COPY_URL);
    const odd = (value: string, dotted = value) =>
      mapOf(
        ["_id", "odd"],
        ["b", value],
        ["1", value],
        ["0", value],
        ["a.b", dotted],
        ["a", mapOf(["b", "untouched"], ["c.d", value], ["$e", value])],
        ["$set", value],
        ["$", value],
        [".", value],
        ["", value],
        ["deep", mapOf(["z", value], ["2", value], ["1", value])],
        ["__proto__", value],
      );
    // The driver knows how to write nested maps; a map at the top it takes for a document as well.
    await source.collection("odd").insertOne(odd("old") as never);
    expect(await bytes(source, "odd")).toEqual([toBytes(odd("old"))]);
    await project.succeed("weave");
    await project.succeed("apply", "copy", "--yes");
    expect(await bytes(copy, "odd")).toEqual([toBytes(odd("old"))]);

    const file = "data/library/odd/odd.json";
    project.write(file, readFileSync(join(project.directory, file), "utf8").replaceAll('"old"', '"new"'));
    project.commitAll("edit");
    const plan = await project.succeed("plan", "copy");
    for (const name of ["b", "1", "0", "a.b", "$set", "$", ".", "__proto__"]) {
      expect(plan.stdout).toContain(`\n      ${name}: "old" → "new"\n`);
    }
    await project.succeed("apply", "copy", "--yes");
    expect(await bytes(copy, "odd")).toEqual([toBytes(odd("new"))]);
    // Alone, where it would be taken for a path into `a`.
    const text = readFileSync(join(project.directory, file), "utf8");
    project.write(file, text.replace('"a.b": "new"', '"a.b": "newer"'));
    project.commitAll("edit one");
    await project.succeed("apply", "copy", "--yes");
    expect(await bytes(copy, "odd")).toEqual([toBytes(odd("new", "newer"))]);
    expect((await project.succeed("apply", "copy", "--yes")).stdout).toContain("nothing written");
  });

  it("promise 9: fields outside the selection are never touched", async () => {
    using project = makeProject(
      config("[{ dataset: users, omit: [password] }, { dataset: theaters, pick: [theaterId] }]"),
    );
    project.variables.SOURCE_URL = await createMongodbDatabase();
    project.variables.COPY_URL = await createMongodbDatabase();
    await using source = await connect(project.variables.SOURCE_URL);
    await using copy = await connect(project.variables.COPY_URL);
    await source.collection<Named>("users").insertMany([
      { _id: "ada", name: "Ada", password: "source", email: "ada@example.com" },
      { _id: "bob", name: "Bob", password: "source", email: "bob@example.com" },
    ]);
    await source.collection<Named>("theaters").insertOne({ _id: "odeon", theaterId: 1, location: { city: "Rome" } });
    await project.succeed("weave");
    expect(Object.keys(read(project, "users", "ada"))).toEqual(["_id", "name", "email"]);
    expect(Object.keys(read(project, "theaters", "odeon"))).toEqual(["_id", "theaterId"]);

    const theirs = { _id: "ada", password: "theirs", name: "Ada", email: "ada@example.com" };
    await copy.collection<Named>("users").insertOne(theirs);
    await copy.collection<Named>("theaters").insertOne({ _id: "odeon", location: { city: "Oslo" }, theaterId: 1 });
    expect((await project.succeed("apply", "copy", "--yes")).stdout).toContain("1 to create, 0 to update");
    write(project, "users", "ada", { _id: "ada", name: "Lady Ada", email: "ada@example.com" });
    write(project, "theaters", "odeon", { _id: "odeon", theaterId: 2 });
    project.commitAll("edit");
    await project.succeed("apply", "copy", "--yes");
    const [ada, bob] = await copy.collection("users").find().sort({ _id: 1 }).toArray();
    expect(Object.entries(ada!)).toEqual(Object.entries({ ...theirs, name: "Lady Ada" }));
    expect(bob).toEqual({ _id: "bob", name: "Bob", email: "bob@example.com" });
    const [odeon] = await copy.collection("theaters").find().toArray();
    expect(odeon).toEqual({ _id: "odeon", location: { city: "Oslo" }, theaterId: 2 });

    await copy.collection("users").updateMany({}, { $set: { password: "changed", phone: "1" } });
    const drift = await project.heddle("drift", "copy");
    expect(drift.stdout).toContain("phone"); // selected by omit, though new
    expect(drift.stdout).not.toContain("password");
    expect(drift.code).toBe(2);
  });
});
