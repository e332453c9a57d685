import { Composer, type CST, type Document, isScalar, Lexer, LineCounter, type Node, Parser, visit } from "yaml";
import type { Place, Problem } from "../model/errors.js";
import { explainYaml } from "./yaml-error.js";
import { locator } from "./yaml-place.js";

/** A configuration file, wherever it came from. `path` is as the user should read it in messages. */
export interface SourceFile {
  path: string;
  text: string;
}

/** One YAML document: plain JSON data, and where each part of it stands in the file. */
export interface YamlDocument {
  value: unknown;
  /** The place of what a JSON Pointer names, or of the nearest part around it that is there. `key` means the member's name. */
  at(pointer: string, what?: "key" | "value"): Place;
}

/** A file that is no YAML at all has one in every line. */
const maxProblems = 100;

/** Keys are checked here in linear time; the library takes quadratic. */
const options = {
  version: "1.2",
  schema: "core",
  stringKeys: true,
  resolveKnownTags: false,
  uniqueKeys: false,
} as const;

type Report = (offset: number, message: string, hint?: string) => void;

const maxBytes = 256 * 1024;
const maxDepth = 64;
/** Aliases are allowed, so that lists can be shared, but only as many as a person writes. */
const maxAliases = 100;

/**
 * Reads a file of YAML 1.2 (core schema) documents strictly: what another version or parser would read otherwise is a
 * problem, never a guess. Documents with problems of syntax are left out; the others are given, so that the problems
 * of all can be reported together. Size and depth are capped before anything recursive sees the text.
 */
export function readYaml({ path, text }: SourceFile): { documents: YamlDocument[]; problems: Problem[] } {
  const lines = new LineCounter();
  const documents: YamlDocument[] = [];
  const problems: Problem[] = [];
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file: path, line, column: col };
  };
  const report: Report = (offset, message, hint) => {
    const problem = { ...place(offset), message, ...(hint !== undefined && { hint }) };
    if (problems.length < maxProblems) problems.push(problem);
    else if (problems.length === maxProblems)
      problems.push({ ...place(offset), message: "more problems from here on" });
  };

  const tokens = tokenize(text, lines, report);
  const composer = new Composer(options);
  for (const document of composer.compose(tokens, false, text.length)) {
    if (problems.length > maxProblems) break;
    for (const error of [...document.errors, ...document.warnings]) report(error.pos[0], ...explainYaml(error));
    if (document.errors.length > 0) continue;
    const value = checkNodes(document, report) ? toData(document, report) : undefined;
    if (value !== undefined) documents.push({ value, at: locator(document, place) });
  }
  if (documents.length === 0 && problems.length === 0) {
    report(0, "the file holds no configuration", "add a document, or delete the file");
  }
  return { documents, problems };
}

/** The concrete syntax, made without recursion; nothing where it is too much for what follows, which recurses. */
function tokenize(text: string, lines: LineCounter, report: Report): CST.Token[] {
  lines.addNewLine(0);
  if (Buffer.byteLength(text) > maxBytes) {
    report(0, "the file is larger than 256 KiB", "split the configuration into several files");
    return [];
  }
  const control = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.exec(text);
  if (control) {
    for (const { index } of text.slice(0, control.index).matchAll(/\n/g)) lines.addNewLine(index + 1);
    report(control.index, "a control character", "remove it, or write it as an escape in double quotes");
    return [];
  }
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length <= maxDepth) continue;
    report(parser.offset, `nested deeper than ${maxDepth} levels`);
    return [];
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens.filter((token) => {
    if (token.type !== "directive" || /^%YAML\s+1\.2\s*$/.test(token.source)) return true;
    report(token.offset, "a directive", "remove the line: this is read as YAML 1.2, without %TAG");
    return false;
  });
}

/** Finds what JavaScript would alter, or YAML 1.1 meant otherwise; false where aliases cannot be followed. */
function checkNodes(document: Document.Parsed, report: Report): boolean {
  let aliases = 0;
  let sound = true;
  visit(document, {
    Alias(_, alias) {
      const tooMany = ++aliases > maxAliases;
      if (!tooMany && alias.resolve(document)) return undefined;
      sound = false;
      if (tooMany) report(start(alias), `more than ${maxAliases} aliases`, "write the values out");
      else report(start(alias), "an alias (`*name`) without an anchor (`&name`)", "quote text that begins with *");
      return tooMany ? visit.BREAK : undefined;
    },
    Map(_, { items }) {
      const names = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (names.has(key.value)) report(start(key), "a key that this mapping has already", "remove one of the two");
        names.add(key.value);
      }
    },
    Pair(_, { key }) {
      if (isScalar(key) && key.value === "<<" && key.type === "PLAIN") {
        report(start(key), "a merge key `<<`", "YAML 1.2 has none: write the members out, or quote the name");
      }
    },
    Scalar(role, scalar) {
      if (role === "key" || typeof scalar.value !== "number" || exact(scalar.source ?? "", scalar.value)) return;
      report(start(scalar), "a number that would be altered", 'quote it, or use a wrapper: { $numberLong: "…" }');
    },
  });
  return sound;
}

/** Whether a number is read with the digits it was written with, and can stand in JSON. */
function exact(source: string, value: number): boolean {
  if (!Number.isFinite(value) || Object.is(value, -0)) return false;
  if (/^[-+]?\d+$|^0[ox]/.test(source)) return Number.isSafeInteger(value);
  return digits(source) === digits(value.toExponential());
}

function digits(text: string): string {
  return text
    .replace(/e.*$/i, "")
    .replace(/[-+.]/g, "")
    .replace(/^0+|0+$/g, "");
}

function toData(document: Document.Parsed, report: Report): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: maxAliases });
    if (isShallow(value)) return value;
    report(0, `nested deeper than ${maxDepth} levels, with its aliases written out`);
  } catch {
    report(document.range[0], "aliases that stand for too much, or for themselves", "write the values out");
  }
  return undefined;
}

/** Aliases can nest deeper than the text does. What several of them share is entered once a level. */
function isShallow(root: unknown): boolean {
  let level = new Set([root]);
  for (let depth = 0; level.size > 0; depth++) {
    if (depth > maxDepth) return false;
    level = new Set([...level].flatMap((value) => (value && typeof value === "object" ? Object.values(value) : [])));
  }
  return true;
}

function start(node: Node): number {
  return node.range?.[0] ?? 0;
}
