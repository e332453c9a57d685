import type { Database } from "../database/database.js";
import type { Side } from "../plan/side.js";

/** Writes every entry of a side into an empty table, a transaction a batch: for scratch databases, which need no plan. */
export async function fill(database: Database, side: Side): Promise<void> {
  for await (const batch of side.read([...side.files])) {
    const entries = batch.map(({ key, fields }) => ({ key, fields }));
    await database.write((session) => session.write(side.dataset, { kind: "create", entries }));
  }
}
