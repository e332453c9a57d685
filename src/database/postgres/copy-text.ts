import { isAscii, isUtf8 } from "node:buffer";
import { HeddleError } from "../../model/errors.js";
import type { Cells } from "./row.js";

/** COPY's text format in blocks of complete lines (PostgreSQL manual, COPY, "Text Format"). */
export async function* copyBlocks(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let pending: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    pending.push(chunk);
    size += chunk.length;
    if (size < blockSize) continue;
    const end = chunk.lastIndexOf(0x0a) + 1;
    if (end === 0) continue;
    const rest = chunk.subarray(end);
    pending[pending.length - 1] = chunk.subarray(0, end);
    const block = pending.length === 1 ? pending[0]! : Buffer.concat(pending);
    pending = rest.length > 0 ? [rest] : [];
    size = rest.length;
    yield block;
  }
  if (size === 0) return;
  const block = Buffer.concat(pending);
  if (block.at(-1) !== 0x0a) throw new HeddleError("HDL999", "COPY ended in the middle of a row");
  yield block;
}

/** Bytes. */
const blockSize = 128 * 1024;

/** The rows of such a block. */
export function copyRows(block: Buffer, invalid: Invalid): Cells[] {
  const lines = block.toString(isPlain(block, invalid) ? "latin1" : "utf8").split("\n");
  lines.pop();
  return lines.map(cellsOf);
}

/** Is called with the first row that is no UTF-8, unreadable bytes replaced; it has to throw. */
export type Invalid = (cells: Cells) => never;

/** Whether a block is nothing but ASCII. */
export function isPlain(block: Buffer, invalid: Invalid): boolean {
  const ascii = isAscii(block);
  if (!ascii && !isUtf8(block)) refuse(block, invalid);
  return ascii;
}

function refuse(block: Buffer, invalid: Invalid): never {
  let start = 0;
  for (;;) {
    const end = block.indexOf(0x0a, start);
    const line = block.subarray(start, end < 0 ? block.length : end);
    if (!isUtf8(line) || end < 0) invalid(cellsOf(line.toString("utf8")));
    start = end + 1;
  }
}

function cellsOf(line: string): Cells {
  const cells: Cells = line.split("\t");
  if (!line.includes("\\")) return cells;
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i]!;
    if (cell === "\\N") cells[i] = null;
    else cells[i] = unescaped(cell);
  }
  return cells;
}

/** The text of a cell that is not NULL. */
export function unescaped(cell: string): string {
  return cell.includes("\\") ? cell.replace(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter) : cell;
}

const escapes: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** One line for COPY FROM. */
export function copyLine(cells: Cells): string {
  let line = "";
  for (let i = 0; i < cells.length; i++) {
    if (i > 0) line += "\t";
    const cell = cells[i]!;
    line += cell === null ? "\\N" : /[\\\n\r\t]/.test(cell) ? cell.replace(/[\\\n\r\t]/g, escaped) : cell;
  }
  return `${line}\n`;
}

function escaped(character: string): string {
  if (character === "\\") return "\\\\";
  return character === "\n" ? "\\n" : character === "\r" ? "\\r" : "\\t";
}
