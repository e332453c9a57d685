import type { Problem } from "./errors.js";
import { type Fields, type Json, survivesAsObject } from "./json.js";
import { formatPointer } from "./pointer.js";

/** Containers may nest this deep: MongoDB itself allows 100 levels. */
const maxDepth = 1000;

/** What a manifest holds. `fields` are complete only where there are no problems; problems have line, column and path. */
export interface Manifest {
  fields: Fields;
  problems: Problem[];
  /** Whether the text is just what `renderFields` gives for the fields. */
  canonical: boolean;
  /** Where the value at a JSON Pointer begins; its nearest parent where there is no such value. */
  at(path: string): Position;
}

/** Counted from 1; columns in UTF-16 code units. */
interface Position {
  line: number;
  column: number;
}

/**
 * Strict reading of a JSON object that people may have edited. Refused is whatever `JSON.parse` would alter in silence:
 * duplicate names, numbers that a double does not hold, orders that objects do not keep, lone surrogates; and whatever is no JSON (RFC 8259).
 * All problems are listed up to the first place where the syntax can no longer be followed.
 */
export function parseManifest(text: string): Manifest {
  let index: Map<string, number> | undefined;
  const at = (path: string): Position => {
    if (!index) {
      index = new Map();
      new Reader(text, index).read();
    }
    let pointer = path;
    while (!index.has(pointer) && pointer !== "") pointer = pointer.slice(0, pointer.lastIndexOf("/"));
    return positionOf(text, index.get(pointer) ?? 0);
  };
  const canonical = readCanonical(text);
  if (canonical) return { fields: canonical, problems: [], canonical: true, at };
  return { ...new Reader(text).read(), canonical: false, at };
}

/**
 * The common case, fast: a text that rendering gives back is canonical, unless it holds one of the few things that
 * `JSON.parse` and `JSON.stringify` keep though other readers do not.
 */
function readCanonical(text: string): Fields | undefined {
  if (text.includes("__proto__") || text.includes("\\ud") || isDeep(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
    // What `renderFields` gives, in one call.
    if (`${JSON.stringify(value, null, 2)}\n` !== text) return undefined;
    return new Map(Object.entries(value as Record<string, Json>));
  } catch {
    return undefined;
  }
}

/** The fields of a text that `parseManifest` found canonical before. */
export function canonicalFields(text: string): Fields {
  return new Map(Object.entries(JSON.parse(text) as Record<string, Json>));
}

/** Canonical text shows its depth by its indentation, which alone needs this many characters. */
function isDeep(text: string): boolean {
  if (text.length < maxDepth * maxDepth) return false;
  const indentation = "  ".repeat(maxDepth + 1);
  for (let line = text.indexOf("\n"); line >= 0; line = text.indexOf("\n", line + 1)) {
    if (text.startsWith(indentation, line + 1)) return true;
  }
  return false;
}

function positionOf(text: string, offset: number): Position {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf("\n"); end >= 0 && end < offset; end = text.indexOf("\n", start)) {
    line++;
    start = end + 1;
  }
  return { line, column: offset - start + 1 };
}

const stop = Symbol("syntax error");

/** The careful reader: slow, and able to say where. */
class Reader {
  private readonly problems: Problem[] = [];
  private readonly path: string[] = [];
  private offset = 0;
  private carriageReturns = false;

  constructor(
    private readonly text: string,
    private readonly index?: Map<string, number>,
  ) {}

  read(): { fields: Fields; problems: Problem[] } {
    let fields: Fields = new Map();
    try {
      this.refuseForeign();
      if (this.text[this.offset] !== "{") this.fail("an entry is a JSON object, in braces");
      this.index?.set("", this.offset);
      fields = this.object(0);
      this.space();
      if (this.offset < this.text.length) this.fail("text follows after the end of the object");
    } catch (error) {
      if (error !== stop) throw error;
    }
    return { fields, problems: this.problems };
  }

  private refuseForeign(): void {
    const marker = /^(?:<{7}|={7}|>{7}|\|{7})(?: .*)?$/m.exec(this.text.replaceAll("\r", " "));
    if (marker) {
      this.offset = marker.index;
      this.fail("an unresolved merge conflict", "resolve the conflict and remove its marker lines");
    }
    if (this.text.startsWith("version https://git-lfs.github.com/spec/")) {
      this.fail("a Git LFS pointer, not the file itself", "data files cannot be kept in Git LFS");
    }
    if (this.text.startsWith("\uFEFF")) {
      this.report("begins with a byte order mark", 0, "save the file as UTF-8 without one");
      this.offset = 1;
    }
    this.space();
    if (this.offset === this.text.length) {
      this.report("the file is empty", this.offset);
      throw stop;
    }
  }

  private report(message: string, offset: number, hint?: string): void {
    const path = this.pointer();
    const problem: Problem = { ...positionOf(this.text, offset), ...(path === "" ? {} : { path }), message };
    if (hint !== undefined) problem.hint = hint;
    this.problems.push(problem);
  }

  private fail(message: string, hint?: string): never {
    if (this.offset >= this.text.length && this.offset > 0) this.report("the file ends too early", this.offset, hint);
    else this.report(message, this.offset, hint);
    throw stop;
  }

  private pointer(): string {
    return formatPointer(this.path);
  }

  /** Skips white space, and comments with a problem each. */
  private space(): void {
    for (;;) {
      const character = this.text[this.offset];
      if (character === " " || character === "\n" || character === "\t") this.offset++;
      else if (character === "\r") {
        if (!this.carriageReturns) {
          this.report("lines end with CR LF", this.offset, "save the file with LF line ends (`data/** text eol=lf`)");
        }
        this.carriageReturns = true;
        this.offset++;
      } else if (character === "/" || character === "#") this.comment();
      else return;
    }
  }

  private comment(): void {
    const block = this.text.startsWith("/*", this.offset);
    if (!block && this.text[this.offset] !== "#" && !this.text.startsWith("//", this.offset)) this.unexpected();
    this.report("JSON has no comments", this.offset, "remove the comment");
    const end = this.text.indexOf(block ? "*/" : "\n", this.offset);
    this.offset = end < 0 ? this.text.length : end + (block ? 2 : 1);
  }

  private unexpected(): never {
    return this.fail(`unexpected ${JSON.stringify(String.fromCodePoint(this.text.codePointAt(this.offset) ?? 0))}`);
  }

  private value(depth: number): Json {
    const character = this.text[this.offset];
    this.index?.set(this.pointer(), this.offset);
    if (character === "{") return this.document(depth);
    if (character === "[") return this.array(depth);
    if (character === '"') return this.string();
    if (character !== undefined && /[-+.\dIN]/.test(character)) return this.number();
    const word = /[A-Za-z]*/y;
    word.lastIndex = this.offset;
    const literal = word.exec(this.text)![0];
    if (literal !== "true" && literal !== "false" && literal !== "null") return this.unexpected();
    this.offset += literal.length;
    return literal === "null" ? null : literal === "true";
  }

  private document(depth: number): Json {
    const start = this.offset;
    const members = this.object(depth);
    if (!survivesAsObject([...members.keys()])) {
      this.report(
        members.has("__proto__")
          ? "a member is named __proto__, which a JSON object cannot carry safely"
          : "members with whole numbers as names stand in an order that a JSON object does not keep",
        start,
        'write it as the engine\'s wrapper: {"$document": [[name, value], …]} (MongoDB), {"$json": "text"} (PostgreSQL)',
      );
    }
    return Object.fromEntries(members);
  }

  private object(depth: number): Fields {
    const members: Fields = new Map();
    this.offset++;
    this.elements("}", depth, () => {
      const start = this.offset;
      if (this.text[start] !== '"') this.unexpected();
      const name = this.string();
      this.path.push(name);
      const duplicate = members.has(name);
      if (duplicate) this.report("the same name stands twice in one object", start, "keep one of them");
      this.space();
      if (this.text[this.offset] !== ":") this.fail("a colon is missing after the name");
      this.offset++;
      this.space();
      const value = this.value(depth + 1);
      if (!duplicate) members.set(name, value);
      this.path.pop();
    });
    return members;
  }

  private array(depth: number): Json[] {
    const items: Json[] = [];
    this.offset++;
    this.elements("]", depth, () => {
      this.path.push(String(items.length));
      items.push(this.value(depth + 1));
      this.path.pop();
    });
    return items;
  }

  /** What stands between brackets, commas apart. */
  private elements(close: string, depth: number, element: () => void): void {
    this.space();
    if (this.text[this.offset] === close) {
      this.offset++;
      return;
    }
    if (depth >= maxDepth) this.fail(`nested deeper than ${maxDepth} levels`);
    for (;;) {
      element();
      this.space();
      const character = this.text[this.offset];
      if (character !== "," && character !== close) this.fail(`a comma or ${close} is missing`);
      const comma = this.offset++;
      if (character === close) return;
      this.space();
      if (this.text[this.offset] === close) {
        this.report("a comma stands after the last element", comma, "remove the comma");
        this.offset++;
        return;
      }
    }
  }

  private string(): string {
    const start = this.offset;
    this.offset = stringEnd(this.text, start);
    const character = this.text[this.offset];
    if (character === "\\") this.fail("an escape that JSON does not have");
    if (character !== '"') this.fail("a string does not end on its line, or holds a control character");
    this.offset++;
    const value = JSON.parse(this.text.slice(start, this.offset)) as string;
    if (/\p{Surrogate}/u.test(value)) this.report("a surrogate stands alone: no Unicode text", start);
    return value;
  }

  private number(): number {
    const start = this.offset;
    const token = /[-+.\w]*/y;
    token.lastIndex = start;
    const spelling = token.exec(this.text)![0];
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(spelling)) {
      if (start + spelling.length === this.text.length) this.offset = this.text.length;
      this.fail("not a number as JSON writes them");
    }
    this.offset += spelling.length;
    const value = Number(spelling);
    if (String(value) !== spelling && !isExact(spelling, value)) {
      this.report(
        "a number that would not be read exactly",
        start,
        "write it as the engine's wrapper or text for such numbers",
      );
    }
    return value;
  }
}

/** Where a string's valid characters end. In steps: one expression over megabytes of escapes overflows its engine's stack. */
function stringEnd(text: string, start: number): number {
  let offset = start + 1;
  const plain = /[^"\\\u0000-\u001f]*/y;
  const escaped = /\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})/y;
  for (;;) {
    plain.lastIndex = offset;
    plain.test(text);
    offset = plain.lastIndex;
    if (text[offset] !== "\\") return offset;
    escaped.lastIndex = offset;
    if (!escaped.test(text)) return offset;
    offset = escaped.lastIndex;
  }
}

function isExact(spelling: string, value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0) && decimal(spelling) === decimal(String(value));
}

/** The exact decimal value of a spelling: significant digits and exponent. */
export function decimal(spelling: string): string {
  const [, sign, whole, fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(spelling)!;
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}
