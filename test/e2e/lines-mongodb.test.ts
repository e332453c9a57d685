import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Db, MongoClient } from "mongodb";
import { expect, it } from "vitest";
import { makeProject } from "../support/command.js";
import { copyConfig } from "../support/copy-project.js";
import { createMongodbDatabase, describeMongodb } from "../support/servers.js";

const film = (i: number) => ({
  _id: i,
  title: `Film ${i}`,
  rating: { stars: i % 5, by: ["a", "b"] },
  "10": i,
  "2": -i,
});

describeMongodb("the layout lines on MongoDB", () => {
  it("is woven, changed in git and in the source, applied, and checked for drift; the copy has the source's bytes", async () => {
    const [source, copy] = [await createMongodbDatabase(), await createMongodbDatabase()];
    const on = async <T>(url: string, work: (db: Db) => Promise<T>): Promise<T> => {
      const client = await new MongoClient(url).connect();
      return work(client.db()).finally(() => client.close());
    };
    const bytes = (url: string) =>
      on(url, async (db) => {
        const found = await db.collection("films").find({}, { raw: true }).sort({ _id: 1 }).toArray();
        return found.map((document) => (document as unknown as Buffer).toString("hex"));
      });
    await on(source, (db) =>
      db.collection<{ _id: number }>("films").insertMany(Array.from({ length: 2500 }, (_, i) => film(i))),
    );

    using project = makeProject(copyConfig("library", "[{ dataset: films, layout: lines }]"));
    Object.assign(project.variables, { SOURCE_URL: source, COPY_URL: copy });
    await project.succeed("weave");
    const directory = join(project.directory, "data/library/films");
    expect(readdirSync(directory).filter((name) => name.endsWith(".jsonl"))).toHaveLength(16);
    await project.succeed("apply", "copy", "--yes");
    expect(await bytes(copy)).toEqual(await bytes(source));
    // Shards of more than a hundred entries are known from now on.
    expect(readdirSync(join(project.directory, ".git/heddle/shards"))).toHaveLength(16);
    expect((await project.succeed("plan", "copy", "--full", "--exit-code")).code).toBe(0);
    expect((await project.heddle("drift", "copy")).code).toBe(0);

    const shard = readdirSync(directory).find((name) =>
      readFileSync(join(directory, name), "utf8").includes('{"7":{'),
    )!;
    const text = readFileSync(join(directory, shard), "utf8");
    project.write(`data/library/films/${shard}`, text.replace('"title":"Film 7"', '"title":"Seven"'));
    project.commitAll("a better title");
    await on(source, async (db) => {
      const films = db.collection<{ _id: number }>("films");
      await films.updateOne({ _id: 7 }, { $set: { "rating.stars": 5 } });
      await films.deleteOne({ _id: 8 });
      await films.insertOne(film(9001));
    });
    await project.succeed("weave");
    expect((await project.succeed("apply", "copy", "--yes", "--allow-deletes", "1")).stdout).toContain("1 to create");
    await on(source, (db) =>
      db.collection<{ _id: number }>("films").updateOne({ _id: 7 }, { $set: { title: "Seven" } }),
    );
    expect(await bytes(copy)).toEqual(await bytes(source));

    await on(copy, (db) => db.collection<{ _id: number }>("films").updateOne({ _id: 9 }, { $set: { title: "Nine" } }));
    const drift = await project.heddle("drift", "copy", "--json");
    expect(drift.code).toBe(2);
    expect(JSON.parse(drift.stdout).datasets[0].changes).toMatchObject([{ kind: "update", name: "9" }]);
  });
});
