import type { Transaction } from "./connection.js";
import type { Relation } from "./relation.js";

/** Bytes up to which counting is cheap, and statistics often missing. */
const small = 1024 * 1024;

/** About how many rows: counted in small tables, else by the planner. */
export async function estimateRows(transaction: Transaction, relation: Relation): Promise<number> {
  const { rows } = await transaction.query("SELECT pg_relation_size($1::oid)", [relation.oid]);
  if (!relation.partitioned && Number(rows[0]![0]) <= small) {
    const counted = await transaction.query(`SELECT count(*) FROM ${relation.from}`);
    return Number(counted.rows[0]![0]);
  }
  const explained = await transaction.query(`EXPLAIN (FORMAT JSON) SELECT FROM ${relation.from}`);
  const [{ Plan: plan }] = JSON.parse(explained.rows[0]![0]!) as [{ Plan: { "Plan Rows": number } }];
  return plan["Plan Rows"];
}
