import pg from "pg";

/** Runs statements on a connection of their own; gives the rows of the last one. */
export async function onDatabase(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const results = [await client.query(sql)].flat() as pg.QueryResult<Record<string, unknown>>[];
    return results.at(-1)!.rows;
  } finally {
    await client.end();
  }
}

/**
 * Every row of every table, Heddle's own too, with its place and the transaction that wrote it: equal only where nothing
 * was written in between, not even the same value.
 */
export async function rowVersions(url: string): Promise<string> {
  const rows = await onDatabase(
    url,
    `SELECT c.oid::regclass::text AS name,
            query_to_xml(format('SELECT ctid::text, xmin::text, t::text AS row FROM %s t', c.oid::regclass), true, true, '')::text AS rows
     FROM pg_class c WHERE c.relkind IN ('r', 'm') AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
     ORDER BY 1`,
  );
  return rows.map(({ name, rows }) => `${name}\n${rows}`).join("\n");
}
