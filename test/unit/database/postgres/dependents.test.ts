import { expect, test } from "vitest";
import type { Key } from "../../../../src/model/entry.js";
import { postgresFixture } from "./server.js";

test("D27: what deletes reach by foreign keys, over several tables, without what is deleted or moved anyway", async () => {
  const { client, database, dataset } = await postgresFixture(`
    CREATE TABLE artist (id int PRIMARY KEY);
    CREATE TABLE album (id int PRIMARY KEY, artist int REFERENCES artist ON DELETE CASCADE);
    CREATE TABLE track (id int PRIMARY KEY, album int CONSTRAINT "on" REFERENCES album ON DELETE CASCADE, cover int REFERENCES album ON DELETE SET NULL);
    CREATE TABLE fan (id int PRIMARY KEY, artist int DEFAULT 3 REFERENCES artist ON DELETE SET DEFAULT, strict int REFERENCES artist);
    CREATE SCHEMA "a b"; CREATE TABLE "a b"."T.x" (a int, at date, PRIMARY KEY (a, at)) PARTITION BY RANGE (at);
    CREATE TABLE "a b".p1 PARTITION OF "a b"."T.x" FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    ALTER TABLE "a b"."T.x" ADD FOREIGN KEY (a) REFERENCES artist ON DELETE CASCADE;
    CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree ON DELETE CASCADE);
    INSERT INTO artist VALUES (1), (2), (3); INSERT INTO album VALUES (10, 1), (11, 1), (20, 2), (30, 3);
    INSERT INTO track SELECT a * 10 + i, a, 10 FROM unnest(ARRAY[10, 11, 20]) a, generate_series(1, 3) i;
    INSERT INTO fan VALUES (1, 1, 2), (2, 1, NULL), (3, 2, 1); INSERT INTO "a b"."T.x" VALUES (1, '2026-02-03'), (2, '2026-02-03');
    INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2), (4, 3), (5, 1), (6, NULL)`);
  const [artist, album, track, tree] = [
    await dataset("artist"),
    await dataset("album"),
    await dataset("track"),
    await dataset("tree"),
  ];
  const reach = (doomed: [typeof artist, Key[]][], moved: [typeof artist, Key[], string[]][] = []) =>
    database.read((session) =>
      session.dependents(
        doomed.map(([dataset, keys]) => ({ dataset, keys })),
        moved.map(([dataset, keys, fields]) => ({ dataset, keys, fields })),
      ),
    );
  const cascade = (name: string, constraint: string, count: number) => ({
    dataset: name,
    constraint,
    action: "cascade",
    count,
  });
  expect(await reach([[artist, ["[1]"]]])).toEqual([
    cascade('a b."T.x"', "T.x_a_fkey", 1),
    cascade("album", "album_artist_fkey", 2),
    cascade("track", "on", 6),
    { dataset: "fan", constraint: "fan_artist_fkey", action: "set default", count: 2 },
    { dataset: "track", constraint: "track_cover_fkey", action: "set null", count: 3 },
  ]);
  // 10 and its tracks are planned, 11 moves to another artist.
  const tracks = ["[101]", "[102]", "[103]"];
  const planned: [typeof artist, Key[]][] = [
    [artist, ["[1]"]],
    [album, ["[10]"]],
    [track, tracks],
  ];
  const names = (all: { dataset: string; count?: number }[]) => all.map(({ dataset, count }) => `${dataset} ${count}`);
  expect(names(await reach(planned, [[album, ["[11]"], ["artist"]]]))).toEqual(['a b."T.x" 1', "fan 2", "track 6"]);
  expect(names(await reach(planned, [[album, ["[11]"], ["id"]]]))).toEqual([
    'a b."T.x" 1',
    "album 1",
    "track 3",
    "fan 2",
    "track 3",
  ]);
  expect(await reach([[tree, ["[1]", "[3]"]]])).toEqual([cascade("tree", "tree_up_fkey", 3)]);
  expect(await reach([[track, ["[101]"]]])).toEqual([]);
  expect((await client.query("SELECT count(*) FROM artist")).rows).toEqual([{ count: "3" }]);
});
