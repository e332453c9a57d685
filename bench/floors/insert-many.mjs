// The files of git drained, then the same documents, made here, by insertMany.
import { MongoClient } from "mongodb";
import { document } from "../data.mjs";
import { drainFiles } from "./cat-file.mjs";

const [url, count] = process.argv.slice(2);
await drainFiles();
const client = new MongoClient(url);
const items = client.db().collection("items");
for (let start = 0; start < Number(count); start += 1000) {
  const length = Math.min(1000, Number(count) - start);
  await items.insertMany(Array.from({ length }, (_, i) => document(start + i + 1)));
}
await client.close();
