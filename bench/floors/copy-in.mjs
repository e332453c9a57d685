// The files of git drained, then the same rows, as COPY text, into an empty table with its key.
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from } from "pg-copy-streams";
import { drainFiles } from "./cat-file.mjs";

const [url, text] = process.argv.slice(2);
await drainFiles();
const client = new pg.Client(url);
await client.connect();
await pipeline(createReadStream(text), client.query(from("COPY items FROM STDIN")));
await client.end();
