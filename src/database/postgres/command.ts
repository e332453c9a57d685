import { HeddleError } from "../../model/errors.js";
import type { Transaction } from "./connection.js";
import { repin, searchPath } from "./settings.js";

/** Runs a statement of the user's under the role's own search path; gives the number of its rows. */
export async function runCommand(transaction: Transaction, label: string, statement: string): Promise<number> {
  if (endsTransaction(statement)) {
    throw new HeddleError("HDL205", `${label}: a statement may not begin or end a transaction`, {
      hint: "it runs inside the one of apply",
    });
  }
  await transaction.run(searchPath.own);
  const { rows } = await transaction.query(statement);
  await transaction.run(repin);
  return rows.length;
}

/** (The server itself refuses it inside functions and blocks, and refuses several statements in one.) */
function endsTransaction(statement: string): boolean {
  return /^(?:begin|start|commit|end|abort|rollback|prepare\s+transaction|savepoint|release|set\s+transaction)\b/i.test(
    bare(statement),
  );
}

/** What begins with the first word: blanks, empty statements and comments, which nest, come before it. */
function bare(statement: string): string {
  let rest = statement;
  for (;;) {
    const start = rest;
    rest = rest.replace(/^[\s;]+|^--[^\n]*/, "");
    if (rest.startsWith("/*")) rest = rest.slice(commentLength(rest));
    if (rest === start) return rest;
  }
}

function commentLength(text: string): number {
  let depth = 0;
  for (const { 0: mark, index } of text.matchAll(/\/\*|\*\//g)) {
    depth += mark === "/*" ? 1 : -1;
    if (depth === 0) return index + 2;
  }
  return text.length;
}
