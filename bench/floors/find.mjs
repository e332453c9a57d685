// A collection read as the bytes that the server sends, and thrown away.
import { MongoClient } from "mongodb";

const client = new MongoClient(process.argv[2]);
for await (const _ of client.db().collection("items").find({}, { raw: true, batchSize: 1000 }));
await client.close();
