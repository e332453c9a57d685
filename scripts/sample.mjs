// Makes the two databases of weave-configs/shop.yaml, as they are described in examples/: the shop with its rows, and
// staging without. What was there before is replaced.
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PGlite } from "@electric-sql/pglite";

const read = (name) => readFileSync(new URL(`../examples/${name}`, import.meta.url), "utf8");
const schema = read("shop.sql");
const databases = {
  shop: { sql: schema + read("shop-rows.sql"), born: Date.UTC(2026, 3, 1) },
  staging: { sql: schema, born: Date.UTC(2026, 3, 2) },
};

for (const [name, { sql, born }] of Object.entries(databases)) {
  const directory = new URL(`../.sample/${name}`, import.meta.url);
  rmSync(directory, { recursive: true, force: true });
  const database = await create(fileURLToPath(directory), born);
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
