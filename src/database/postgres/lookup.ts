import type { Key } from "../../model/entry.js";
import type { Found } from "../../model/snapshot.js";
import type { Transaction } from "./connection.js";
import type { KeyMatch } from "./key-match.js";
import { pinpoint } from "./pinpoint.js";
import type { Reader } from "./read.js";
import type { Relation } from "./relation.js";

/** The rows with these keys, in batches; locked where `lock` is set. */
export async function* lookupEntries(
  transaction: Transaction,
  relation: Relation,
  match: KeyMatch,
  reader: Reader,
  keys: readonly Key[],
  lock: boolean,
): AsyncGenerator<Found[]> {
  if (keys.length >= manyKeys && (await isEmpty(transaction, relation))) return;
  const on = match.equals("k");
  const sql = `SELECT k.i, ${reader.list("t")} FROM ${match.table("k")} JOIN ${relation.from} AS t ON ${on}
    ${lock ? "FOR UPDATE OF t" : ""}`;
  for (let start = 0; start < keys.length; start += batchSize) {
    const batch = keys.slice(start, start + batchSize);
    const problemOf = (key: Key) => ({ dataset: relation.dataset, key, message: "the key does not fit its type" });
    const found = await pinpoint(transaction, batch, problemOf, async (some) => {
      const { rows } = await transaction.query(sql, match.parameters(some));
      return rows.map(([i, ...cells]) => ({ requested: some[Number(i) - 1]!, entry: reader.entry(cells) }));
    });
    if (found.length > 0) yield found;
  }
}

const batchSize = 1000;
/** From here on it pays to ask first whether there is anything to find: a first apply looks for all that it creates. */
const manyKeys = 100;

async function isEmpty(transaction: Transaction, relation: Relation): Promise<boolean> {
  const { rows } = await transaction.query(`SELECT EXISTS (SELECT FROM ${relation.from})`);
  return rows[0]![0] === "f";
}
