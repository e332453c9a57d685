import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type ParsedNode,
  Parser,
  visit,
  type YAMLError,
} from "yaml";
import type { Place, Problem } from "../model/errors.js";

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

const maxBytes = 1024 * 1024;
const maxDepth = 64;
/** Aliases are allowed, so that lists can be shared, but only as many as a person writes. */
const maxAliases = 100;

/**
 * Reads a file of YAML 1.2 (core schema) documents strictly: what another YAML version or parser would read otherwise
 * is a problem, never a guess. Documents with problems of syntax are left out; the others are given, so that the
 * problems of all can be reported together. Size and depth are capped before anything recursive sees the text.
 */
export function readYaml(file: SourceFile): { documents: YamlDocument[]; problems: Problem[] } {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file: file.path, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const report = (offset: number, message: string, hint?: string) => {
    problems.push({ ...place(offset), message, ...(hint && { hint }) });
  };

  if (Buffer.byteLength(file.text) > maxBytes) {
    report(0, "the file is larger than 1 MiB", "split the configuration into several files");
    return { documents: [], problems };
  }
  lines.addNewLine(0);
  const control = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.exec(file.text);
  const tokens = control ? undefined : tokenize(file.text, lines, report);
  if (control) {
    for (const newline of file.text.slice(0, control.index).matchAll(/\n/g)) lines.addNewLine(newline.index + 1);
    report(control.index, "a control character", "write it as an escape in double quotes, or remove it");
  }
  if (!tokens) return { documents: [], problems };

  const documents: YamlDocument[] = [];
  const composer = new Composer({ version: "1.2", schema: "core", stringKeys: true, resolveKnownTags: false });
  let count = 0;
  for (const document of composer.compose(tokens, false, file.text.length)) {
    count++;
    const before = problems.length;
    for (const error of [...document.errors, ...document.warnings]) report(error.pos[0], ...explain(error));
    const syntax = document.errors.some(({ code }) => code !== "DUPLICATE_KEY");
    if (!syntax) checkScalars(document, report);
    if (!syntax && document.contents === null) report(document.range[0], "an empty document", "remove its `---`");
    else if (!syntax) {
      const value = toData(document, report);
      if (value !== undefined) documents.push({ value, at: locator(document, place) });
    } else if (problems.length === before) report(document.range[0], "not valid YAML");
  }
  if (count === 0 && problems.length === 0)
    report(0, "the file holds no configuration", "add a document or delete the file");
  return { documents, problems };
}

type Report = (offset: number, message: string, hint?: string) => void;

/** The concrete syntax, made without recursion; undefined where it nests too deep for what follows, which recurses. */
function tokenize(text: string, lines: LineCounter, report: Report): CST.Token[] | undefined {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > maxDepth) {
      report(parser.offset, `nested deeper than ${maxDepth} levels`);
      return undefined;
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens.filter((token) => {
    if (token.type !== "directive") return true;
    if (/^%YAML\s+1\.2\s*$/.test(token.source)) return true;
    report(token.offset, `the directive ${token.source.split(/\s/)[0]}`, "only %YAML 1.2 is read; remove the line");
    return false;
  });
}

/** Numbers that JavaScript would alter, and what YAML 1.1 meant otherwise. */
function checkScalars(document: Document.Parsed, report: Report): void {
  let aliases = 0;
  visit(document, {
    Alias(_, alias) {
      if (++aliases === maxAliases + 1)
        report(offset(alias), `more than ${maxAliases} aliases`, "write the values out");
    },
    Pair(_, { key }) {
      if (isScalar(key) && key.value === "<<" && key.type === "PLAIN") {
        report(offset(key), "a merge key `<<`", "YAML 1.2 has none: write the members out, or quote the name");
      }
    },
    Scalar(role, scalar) {
      if (role === "key" || typeof scalar.value !== "number") return;
      const source = scalar.source ?? "";
      if (!Number.isFinite(scalar.value)) report(offset(scalar), "a number that JSON does not have");
      else if (!exact(source, scalar.value)) {
        report(
          offset(scalar),
          "a number that a double does not hold exactly",
          'quote it, or use a typed wrapper such as { $numberLong: "…" }',
        );
      }
    },
  });
}

function exact(source: string, value: number): boolean {
  if (/^[-+]?\d+$|^0[ox]/.test(source)) return Number.isSafeInteger(value) && !Object.is(value, -0);
  const digits = (text: string) =>
    text
      .toLowerCase()
      .split("e")[0]!
      .replace(/[-+.]/g, "")
      .replace(/^0+|0+$/g, "");
  return (
    !Object.is(value, -0) &&
    (digits(source) === digits(String(value)) || digits(source) === digits(value.toExponential()))
  );
}

function toData(document: Document.Parsed, report: Report): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: maxAliases });
    if (shallow(value)) return value;
    report(document.range[0], `nested deeper than ${maxDepth} levels, its aliases written out`);
  } catch {
    report(document.range[0], "aliases that stand for too much, or for themselves", "write the values out");
  }
  return undefined;
}

/** Aliases nest deeper than the text does, and a shared part is entered once for each depth. */
function shallow(root: unknown): boolean {
  let level = [root];
  for (let depth = 0; depth <= maxDepth; depth++) {
    level = [...new Set(level.flatMap((value) => (value && typeof value === "object" ? Object.values(value) : [])))];
    if (level.length === 0) return true;
  }
  return false;
}

function locator(document: Document.Parsed, place: (offset: number) => Place): YamlDocument["at"] {
  return (pointer, what = "value") => {
    let node: ParsedNode | null | undefined = document.contents;
    let found = node ? offset(node) : 0;
    const steps = pointer
      .split("/")
      .slice(1)
      .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
    for (const [depth, step] of steps.entries()) {
      const around: unknown = isAlias(node) ? node.resolve(document) : node;
      if (isMap<ParsedNode, ParsedNode | null>(around)) {
        const pair = around.items.find(({ key }) => isScalar(key) && String(key.value) === step);
        if (!pair) break;
        found = offset(pair.key);
        node = pair.value;
        const empty = !node || node.range[0] === node.range[1];
        if ((what === "value" || depth < steps.length - 1) && !empty) found = offset(node!);
      } else if (isSeq<ParsedNode>(around)) {
        node = around.items[Number(step)];
        if (!node) break;
        found = offset(node);
      } else break;
    }
    return { ...place(found), path: pointer };
  };
}

function offset(node: Node): number {
  return node.range?.[0] ?? 0;
}

/** Our own words: the library's may quote the text around a mistake, and that may be a secret. */
function explain({ code, message }: YAMLError): [message: string, hint?: string] {
  switch (code) {
    case "DUPLICATE_KEY":
      return ["a key that this mapping already has", "remove one of the two"];
    case "TAB_AS_INDENT":
      return ["a tab used for indentation", "indent with spaces"];
    case "TAG_RESOLVE_FAILED":
      return ["an unknown tag, or a value that does not fit its tag", "remove the tag (`!…`)"];
    case "BAD_ALIAS":
      return ["an alias (`*name`) without an anchor (`&name`) before it", "quote the text if no alias is meant"];
    case "BAD_INDENT":
      return ["wrong indentation", "align it with its neighbours"];
    case "MISSING_CHAR":
      return [
        /closing|end with|expected/i.test(message) ? "a quote, bracket or comma is missing" : "a character is missing",
      ];
    case "MULTILINE_IMPLICIT_KEY":
    case "BLOCK_AS_IMPLICIT_KEY":
    case "KEY_OVER_1024_CHARS":
      return ["this cannot be read as `key: value`", "quote text that holds `: `, and check the indentation"];
    case "BAD_SCALAR_START":
      return ["text that begins with a reserved character", "quote it"];
    case "BAD_DQ_ESCAPE":
      return ["an unknown escape in double quotes", "write `\\\\` for a backslash, or use single quotes"];
    case "NON_STRING_KEY":
      return ["a key that is not plain text"];
    default:
      return ["this is not valid YAML", "check quotes, indentation and brackets here"];
  }
}
