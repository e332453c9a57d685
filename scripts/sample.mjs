// Makes the two databases of weave-configs/shop.yaml, as they are described in examples/: the shop with its rows, and
// staging without, in .sample/ of this project or of the one that is named. What was there before is replaced.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PGlite } from "@electric-sql/pglite";

const project = process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url));
const read = (name) => readFileSync(new URL(`../examples/${name}`, import.meta.url), "utf8");
const schema = read("shop.sql");
const databases = [
  { name: "shop", sql: schema + read("shop-rows.sql"), born: Date.UTC(2026, 3, 1) },
  { name: "staging", sql: schema, born: Date.UTC(2026, 3, 2) },
];

for (const { name, sql, born } of databases) {
  const directory = join(project, ".sample", name);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const database = await create(directory, born);
  await database.exec(sql);
  await database.close();
  console.log(`made .sample/${name}`);
}

/** A database's identity is made from the time of its birth: with the clock held, the shop is the same one everywhere. */
async function create(directory, born) {
  const { now } = Date;
  Date.now = () => born;
  try {
    return await PGlite.create(directory);
  } finally {
    Date.now = now;
  }
}
