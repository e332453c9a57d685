/** Makes a PGlite database in a new directory and runs SQL in it: for demos, and for scratch databases. */
export async function runScript(directory: string, sql: string): Promise<void> {
  const { PGlite } = await import("@electric-sql/pglite");
  const database = await PGlite.create(directory);
  try {
    await database.exec(sql);
  } finally {
    await database.close();
  }
}
