import type { Dataset } from "../../model/dataset.js";
import type { Entry } from "../../model/entry.js";
import { HeddleError } from "../../model/errors.js";
import type { Transaction } from "./connection.js";
import { copyBlocks, copyRows, type Invalid, isPlain } from "./copy-text.js";
import { failure } from "./errors.js";
import { identifier } from "./quote.js";
import { columnsOf, fieldNames, type Relation } from "./relation.js";
import { type Cells, rowRenderer } from "./row.js";
import { type BlockPrinter, blockPrinter } from "./row-bytes.js";
import { searchPath } from "./settings.js";

/** What reading needs of a dataset in a table: select list, and how rows become entries. */
export interface Reader {
  /** Qualified with the given alias, or bare. */
  list(alias?: string): string;
  /** Refuses, with the key, what was no UTF-8 (HDL204). */
  entry(cells: Cells): Entry;
  /** The faster way to the same entries, where there is one. */
  print: BlockPrinter | undefined;
  invalid: Invalid;
}

/** @param strict the server may pass on bytes that are no UTF-8, which drivers replace in silence */
export function readerOf(dataset: Dataset, relation: Relation, strict: boolean): Reader {
  const { names, shown } = fieldNames(dataset);
  const columns = columnsOf(relation, names);
  const key = dataset.key.map((name) => names.indexOf(name));
  const render = rowRenderer(columns, key, shown);
  const invalid = (cells: Cells): never => {
    const message = "a value is no UTF-8 text";
    throw new HeddleError("HDL204", `${dataset.name}: an entry cannot be carried`, {
      problems: [{ dataset: dataset.name, key: render(cells).key, message }],
      hint: "the database's encoding (SQL_ASCII?) lets any bytes in: repair the value, or leave the row out by `where`",
    });
  };
  return {
    list: (alias) => names.map((name) => (alias ? `${alias}.${identifier(name)}` : identifier(name))).join(", "),
    entry: (cells) => (strict && cells.some((cell) => cell?.includes("\uFFFD")) ? invalid(cells) : render(cells)),
    print: strict || shown < names.length ? undefined : blockPrinter(columns, key),
    invalid,
  };
}

/** The whole table by COPY, which is the fastest way out of the server, or rows `t` of it. `digested`: see ReadSession. */
export async function* copyEntries(
  transaction: Transaction,
  relation: Relation,
  reader: Reader,
  digested: boolean,
  where?: string,
): AsyncGenerator<Entry[]> {
  const source =
    relation.partitioned || where !== undefined
      ? `(SELECT ${reader.list("t")} FROM ${relation.from} AS t${where === undefined ? "" : ` WHERE ${where}`})`
      : `${relation.sql} (${reader.list()})`;
  const print = digested ? reader.print : undefined;
  for await (const block of copyBlocks(transaction.stream(source))) {
    if (print) yield print(block, isPlain(block, reader.invalid));
    else yield copyRows(block, reader.invalid).map(reader.entry);
  }
}

/**
 * The rows that a predicate holds for. The predicate is planned and run under the role's own search path, so that its
 * operators, and those in functions it calls, mean what they mean to the application. The rows are printed under the
 * pinned one, so that names in values stand in full: between the two they wait in the server's tuple store.
 */
export async function* whereEntries(
  transaction: Transaction,
  relation: Relation,
  reader: Reader,
  where: string,
): AsyncGenerator<Entry[]> {
  await transaction.run(searchPath.own);
  await checkPredicate(transaction, relation, where);
  const chosen = `SELECT ${reader.list(relation.alias)} FROM ${relation.from} WHERE (\n${where}\n)`;
  await transaction.query(
    `DECLARE heddle_where SCROLL CURSOR FOR WITH chosen AS MATERIALIZED (${chosen}) SELECT * FROM chosen`,
  );
  await transaction.run(`MOVE FORWARD ALL IN heddle_where; MOVE ABSOLUTE 0 IN heddle_where; ${searchPath.pinned}`);
  for (;;) {
    const { rows } = await transaction.query(`FETCH ${fetchSize} FROM heddle_where`);
    if (rows.length > 0) yield rows.map(reader.entry);
    if (rows.length < fetchSize) break;
  }
  await transaction.run("CLOSE heddle_where");
}

/** Rows. */
const fetchSize = 1000;

/**
 * One expression or an error. Between WHEN and THEN its own parentheses have to match, and whatever else could stand
 * there (`true THEN … WHEN …`) cannot stand in the parentheses of the query that follows.
 */
async function checkPredicate(transaction: Transaction, relation: Relation, where: string): Promise<void> {
  if (where.includes("\0")) throw new HeddleError("HDL202", `${relation.dataset}: where holds a NUL character`);
  try {
    await transaction.query(`SELECT CASE WHEN\n${where}\nTHEN true END FROM ${relation.from} LIMIT 0`);
  } catch (error) {
    throw failure(error, { code: "HDL202", subject: `${relation.dataset}: where` });
  }
}
