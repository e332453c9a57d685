import vm from "node:vm";
import type jsonata from "jsonata";
import { HeddleError } from "../model/errors.js";
import { fail } from "./step.js";

/** Milliseconds that one expression may take for one entry. */
const timeLimit = 1000;
/** After so many interruptions an expression is not tried again: with many entries they would add up to days. */
const interruptionLimit = 3;
/** Nested evaluations: far more than a written expression has, far fewer than overflow the stack. */
const depthLimit = 400;
/** Elements of one sequence or range. */
const lengthLimit = 100_000;

/** Functions that would make the same data give another commit, or hide one that would. */
const refused = new Set(["now", "millis", "random", "shuffle", "eval"]);

/** Gives the value for a plain view, undefined where JSONata gives nothing. HDL500 where it fails or is stopped. */
export type Evaluate = (view: unknown) => Promise<unknown>;

/** HDL102 for what JSONata cannot parse and for refused functions. Loads JSONata at the first call. */
export async function compileExpression(source: string): Promise<Evaluate> {
  const { default: parse } = await import("jsonata");
  const limits = { timeout: timeLimit, stack: depthLimit, sequence: lengthLimit, RegexEngine: GuardedRegExp as never };
  let expression: jsonata.Expression;
  try {
    expression = parse(source, limits);
  } catch (error) {
    const { message, position } = error as jsonata.JsonataError;
    throw new HeddleError(
      "HDL102",
      `not JSONata: ${message}${position === undefined ? "" : ` (character ${position})`}`,
    );
  }
  const variable = findRefused(expression.ast());
  if (variable) {
    throw new HeddleError("HDL102", `$${variable} is refused: the same data must always give the same result`);
  }
  pin(expression, parse);
  // `a[]` leaves its mark on the array that it reads, which later expressions would see.
  const marks = /\[\s*\]/.test(source);
  let interruptions = 0;
  return async (view) => {
    if (interruptions === interruptionLimit) {
      return fail(`not tried: the expression took longer than ${timeLimit} ms for ${interruptionLimit} entries before`);
    }
    try {
      return clean(await expression.evaluate(marks ? clean(view) : view));
    } catch (error) {
      if (error instanceof HeddleError) throw error;
      if (isInterruption(error)) interruptions++;
      return fail(explain(error, source));
    }
  };
}

/** The first refused name that the expression mentions, called or not. */
function findRefused(node: unknown, seen = new Set<unknown>()): string | undefined {
  if (node === null || typeof node !== "object" || seen.has(node)) return undefined;
  seen.add(node);
  const { type, value } = node as { type?: unknown; value?: unknown };
  if (type === "variable" && refused.has(value as string)) return value as string;
  for (const child of Object.values(node)) {
    const found = findRefused(child, seen);
    if (found) return found;
  }
  return undefined;
}

/**
 * Takes clock and time zone away: $toMillis fills the missing parts of a date from the evaluation's time, and reads a
 * time without a zone as local.
 */
function pin(expression: jsonata.Expression, parse: typeof jsonata): void {
  const epoch = new Date(0);
  const stopClock = (_node: unknown, _input: unknown, environment: { timestamp: Date }) => {
    environment.timestamp = epoch;
  };
  const hook = Symbol.for("jsonata.__evaluate_entry") as unknown as string;
  expression.assign(hook, stopClock);
  const toMillis = parse("$toMillis(time, picture)");
  toMillis.assign(hook, stopClock);
  expression.registerFunction(
    "toMillis",
    (time?: string, picture?: string) => {
      const local = time !== undefined && picture === undefined && /T[\d:.]+$/.test(time);
      return time === undefined ? undefined : toMillis.evaluate({ time: local ? `${time}Z` : time, picture });
    },
    "<s-s?:n>",
  );
}

/** JSON from what JSONata gives: its arrays carry marks, and functions and infinities are values to it. */
function clean(value: unknown): unknown {
  if (typeof value === "function" || (typeof value === "number" && !Number.isFinite(value))) {
    return fail(`the expression gives ${typeof value === "number" ? "no finite number" : "a function"}`);
  }
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return Array.from(value, clean);
  if ("_jsonata_function" in value || "_jsonata_lambda" in value) return fail("the expression gives a function");
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, clean(member)]));
}

const isInterruption = (error: unknown): boolean =>
  ["D1012", "ERR_SCRIPT_EXECUTION_TIMEOUT"].includes((error as { code: string }).code);

/** JSONata's messages quote data. What the error is, and where, can be told without. */
function explain(error: unknown, source: string): string {
  const { code, position, token, message } = error as Partial<jsonata.JsonataError>;
  if (code === "D1012" || code === "ERR_SCRIPT_EXECUTION_TIMEOUT")
    return `the expression took longer than ${timeLimit} ms`;
  if (code === "D1011" || error instanceof RangeError) return "the expression nests or repeats too deeply";
  if (code === "D2014" || code === "D2015") return `the expression makes a sequence of more than ${lengthLimit} values`;
  // What $error and $assert say is shown where it stands in the configuration.
  if ((code === "D3137" || code === "D3141") && message && source.includes(message)) return message;
  const where = position === undefined ? "" : ` at character ${position}`;
  const near = typeof token === "string" && source.includes(token) ? `, near ${JSON.stringify(token)}` : "";
  return `the expression fails${where}${near} (JSONata ${code ?? "error"}: ${reasons[code ?? ""] ?? "see its error codes"})`;
}

const reasons: Record<string, string> = {
  D1001: "a number out of range",
  D3030: "not a number",
  D3110: "not an ISO 8601 time",
  D3137: "$error was called",
  D3141: "$assert failed",
  T0410: "an argument of another type than the function takes",
  T0411: "a context of another type than the function takes",
  T0412: "an array of another type than the function takes",
  T1006: "something that is no function is called",
  T2001: "the left side must be a number",
  T2002: "the right side must be a number",
  T2009: "the two sides must both be numbers or both be strings",
  T2010: "both sides must be numbers or strings",
};

/**
 * A regular expression that can be interrupted: JSONata's time limit is looked at between steps, and one match may run for
 * ever. An interruptible match costs 70 µs more, so it is kept for patterns and texts that can take long.
 */
class GuardedRegExp {
  readonly #expression: RegExp;
  readonly #repeats: number;

  constructor(expression: RegExp) {
    this.#expression = new RegExp(expression);
    this.#repeats = (expression.source.match(/[*+?}|]/g) ?? []).length;
  }

  get lastIndex(): number {
    return this.#expression.lastIndex;
  }

  set lastIndex(index: number) {
    this.#expression.lastIndex = index;
  }

  exec(text: string): RegExpExecArray | null {
    const slow = this.#repeats > (text.length < 10_000 ? 1 : 0);
    if (!slow) return this.#expression.exec(text);
    sandbox ??= vm.createContext({});
    Object.assign(sandbox, { expression: this.#expression, text });
    return match.runInContext(sandbox, { timeout: timeLimit });
  }
}

let sandbox: vm.Context | undefined;
const match = new vm.Script("expression.exec(text)");
