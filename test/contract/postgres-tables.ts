/** The contract's datasets in PostgreSQL. */
export const contractTables = `
  CREATE TABLE items (id integer PRIMARY KEY, n integer NOT NULL, name text NOT NULL UNIQUE, note text, doc jsonb);
  CREATE TABLE texts (id text COLLATE "C" PRIMARY KEY, value text);
  CREATE SCHEMA "S.""ch";
  CREATE TABLE "S.""ch"."A b""c.d/é;
--'" (id integer PRIMARY KEY, "__proto__" text, "constructor" text, "select" text, "T" text, "t" text,
    "a""b'c\\d;--" text, "new
line" text, "$1" text, "${"é".repeat(31)}" text);
  CREATE VIEW shown AS SELECT * FROM items;
  CREATE TABLE heddle_own (id integer PRIMARY KEY);
`;

export const contractNames = {
  key: "id",
  items: "items",
  texts: "texts",
  hostile: '"S.""ch"."A b""c.d/é;\n--\'"',
  refused: "shown",
  fingerprints: true as const,
  atLeast: (n: number) => `n >= ${n}`,
  // One expression or an error (D33): nothing gets out of the parentheses.
  badPredicates: [
    "",
    "n >",
    "n > 1) OR (n < 5",
    "true; DROP TABLE items",
    "true, true",
    "true THEN true WHEN true",
    "true ELSE false END",
    "SELECT true",
    "n = $1",
    "true /*",
    "no_such_column",
    "n",
    "true ORDER BY 1",
    "true\0",
    "'a",
    "true) --",
    "nextval('no_such_sequence') > 0",
    "set_config('transaction_read_only', 'off', true) = 'off' AND n / (n - n) > 0",
  ],
};
