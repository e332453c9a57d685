import type { Database, WriteSession } from "../database/database.js";
import { HeddleError } from "../model/errors.js";

/** Statements of the trusted configuration, in their order. */
export interface Hooks {
  preApply: readonly string[];
  postApply: readonly string[];
  /** Each has to give no rows. */
  verify: readonly string[];
}

/** Runs hooks in the transaction of an apply. HDL608 names the one that fails, which rolls all of it back. */
export async function runHooks(
  database: Database,
  session: WriteSession,
  hooks: Hooks,
  ...phases: (keyof Hooks)[]
): Promise<void> {
  for (const phase of phases) {
    for (const [i, statement] of hooks[phase].entries()) {
      const name = `hooks.${phase}[${i}]`;
      const rows = await session.command(statement).catch((error: unknown) => {
        if (!(error instanceof HeddleError) || database.isTransient(error)) throw error;
        const more = { cause: error.cause, ...(error.hint !== undefined && { hint: error.hint }) };
        throw new HeddleError("HDL608", `${name} failed, which rolled the apply back: ${error.message}`, more);
      });
      if (phase !== "verify" || rows === 0) continue;
      throw new HeddleError(
        "HDL608",
        `${name} gave ${rows === 1 ? "a row" : `${rows} rows`}, which rolled the apply back`,
        {
          hint: "run the statement by hand to see them: it must give none",
        },
      );
    }
  }
}
