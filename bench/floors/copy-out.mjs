// COPY of a table, drained; with `sha1` a digest of each row's bytes, in one call each.
import { hash } from "node:crypto";
import pg from "pg";
import { to } from "pg-copy-streams";

const [url, table, digest] = process.argv.slice(2);
const client = new pg.Client(url);
await client.connect();
let rest = Buffer.alloc(0);
let rows = 0;
for await (const chunk of client.query(to(`COPY ${table} TO STDOUT`))) {
  if (digest !== "sha1") continue;
  const block = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
  let start = 0;
  for (let end = block.indexOf(10); end >= 0; end = block.indexOf(10, start)) {
    hash("sha1", block.subarray(start, end));
    rows++;
    start = end + 1;
  }
  rest = block.subarray(start);
}
await client.end();
console.log(rows);
