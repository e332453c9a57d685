import { createInterface } from "node:readline/promises";
import picocolors from "picocolors";
import { HeddleError, type Problem } from "../model/errors.js";
import { printable } from "../model/printable.js";
import type { Line } from "../plan/render-text.js";

const colors = picocolors.createColors(picocolors.isColorSupported && process.stdout.isTTY === true);

const paint = {
  "+": colors.green,
  "~": colors.yellow,
  "-": colors.red,
  "!": colors.magenta,
  " ": (text: string) => text,
};

/** Prints one line of results to standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints a piece of something longer, no faster than it is read. A reader that went away counts as one that reads. */
export function printPiece(text: string): Promise<void> {
  return new Promise((resolve) => {
    if (process.stdout.write(text, () => resolve())) resolve();
  });
}

/** Prints text as it is; on a terminal what could steer it becomes an escape, which means the same in JSON. */
export function printText(text: string): void {
  process.stdout.write(process.stdout.isTTY ? text.split("\n").map(printable).join("\n") : text);
}

export function printLine({ mark, text }: Line): void {
  print(paint[mark](text));
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Prints a line for each item, as fast as they are taken; ends early where the reader went away (`| head`). */
export async function printStream<T>(items: AsyncIterable<T>, line: (item: T) => string): Promise<void> {
  for await (const item of items) {
    if (!process.stdout.writable) return;
    await printPiece(`${line(item)}\n`);
  }
}

/** Prints one line about the work to standard error. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Whether somebody is there to answer a question. */
function isInteractive(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** All of standard input, as UTF-8. */
export async function readInput(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk;
  return text;
}

/** Asks on standard error; anything but y or yes is a no. HDL900 for Ctrl-C. */
async function ask(question: string, signal?: AbortSignal): Promise<boolean> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const stop = new AbortController();
  prompt.once("SIGINT", () => stop.abort());
  try {
    const either = AbortSignal.any([stop.signal, ...(signal ? [signal] : [])]);
    return /^y(es)?$/i.test((await prompt.question(`${question} [y/N] `, { signal: either })).trim());
  } catch (error) {
    if ((error as Error).name === "AbortError") throw new HeddleError("HDL900", "interrupted; nothing was written");
    throw error;
  } finally {
    prompt.close();
  }
}

/** Answers "go on?" for what writes: yes by flag, by the person at the terminal, or nobody there. */
export function confirmFor(
  question: string,
  yes = false,
  signal?: AbortSignal,
): () => Promise<"yes" | "no" | "nobody to ask"> {
  return async () => {
    if (yes) return "yes";
    if (!isInteractive()) return "nobody to ask";
    return (await ask(question, signal)) ? "yes" : "no";
  };
}

/** Says what went wrong, where, and what to do next. The stack and the cause only with `debug`. */
export function printError(error: unknown, debug: boolean): void {
  if (error instanceof HeddleError) {
    tell(`${colors.red(`error ${error.code}`)}: ${multiline(error.message)}`);
    for (const problem of error.problems) tell(`  ${describeProblem(problem)}`);
    if (error.hint) tell(`  ${colors.cyan("→")} ${multiline(error.hint)}`);
  } else {
    tell(`${colors.red("error HDL999")}: a fault in Heddle itself`);
    tell(`  ${colors.cyan("→")} run again with --debug and report what it prints`);
  }
  if (!debug) return;
  for (let fault = error; fault instanceof Error; fault = fault.cause) tell(frames(fault));
}

/** Faults of a program, whose messages name code and not data. */
const programming = ["TypeError", "ReferenceError", "RangeError", "SyntaxError", "AssertionError"];

/** Where an error came from. Messages of other causes stay out: drivers put values and addresses into them. */
function frames(error: Error): string {
  const code = (error as { code?: unknown }).code;
  const own = error instanceof HeddleError || code === undefined;
  const message = programming.includes(error.name) ? `: ${printable(error.message)}` : "";
  const head = own ? `${error.name}${message}` : `${error.name} ${printable(String(code))}`;
  const lines = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [head, ...lines].join("\n");
}

/** `file:line:column: dataset/key: path: message (hint)`, with the parts that there are. */
function describeProblem({ file, line, column, dataset, key, path, step, message, hint }: Problem): string {
  const at = [file, line, column].filter((part) => part !== undefined).join(":");
  const entry = [dataset, key].filter((part) => part !== undefined).join("/");
  const parts = [at, entry, step, path].filter((part) => part);
  return [
    ...parts.map((part) => `${printable(part!)}: `),
    multiline(message),
    hint ? ` (${multiline(hint)})` : "",
  ].join("");
}

function multiline(text: string): string {
  return text.split("\n").map(printable).join("\n  ");
}

/** A line that is rewritten while work goes on; nothing where standard error is no terminal, nor in the first second. */
export function progressLine(): { update(text: string): void; warn(text: string): void; clear(): void } {
  const started = Date.now();
  let last = 0;
  let shown = false;
  const clear = () => {
    if (shown) process.stderr.write("\r\x1b[K");
    shown = false;
  };
  return {
    update(text) {
      const now = Date.now();
      if (!process.stderr.isTTY || now - started < 1000 || now - last < 100) return;
      last = now;
      shown = true;
      process.stderr.write(`\r\x1b[K${printable(text).slice(0, (process.stderr.columns ?? 80) - 1)}`);
    },
    warn(text) {
      clear();
      tell(`! ${printable(text)}`);
    },
    clear,
  };
}
