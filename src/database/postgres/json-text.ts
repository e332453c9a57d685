import type { Json } from "../../model/json.js";

/** Embedded JSON may nest this deep; what is deeper is carried as text. */
const maxDepth = 100;

/**
 * The canonical form of a json or jsonb value: itself, where `JSON.parse` then `JSON.stringify` gives back the same text
 * white space apart, and where nothing in it looks like a typed wrapper; else `{"$json": text}`. JSON null is wrapped
 * too, since SQL's NULL is `null`. Throws SyntaxError where the text is no JSON.
 */
export function embedJson(text: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
    if (value !== null && isEmbeddable(text, value)) return value;
  } catch (error) {
    if (error instanceof SyntaxError) throw new SyntaxError("no JSON");
    throw error;
  }
  return { $json: text };
}

function isEmbeddable(text: string, value: Json): boolean {
  if (typeof value !== "object") return JSON.stringify(value) === text.trim() && !/\\u[dD]/.test(text);
  // Rare things that would survive here but not elsewhere: wrapper look-alikes, __proto__, lone surrogates.
  if (text.includes("__proto__") || /\\u[dD]/.test(text)) return false;
  if (isDeep(text)) return false;
  if (!sameModuloSpace(text, JSON.stringify(value))) return false;
  return !text.includes('"$') || !looksWrapped(value);
}

function isDeep(text: string): boolean {
  if (text.length <= 2 * maxDepth) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) i = stringEnd(text, i);
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > maxDepth) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}

/** The place of the quote that ends the string which begins at `start`. */
function stringEnd(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}

/** Whether `text` is `compact` with white space between tokens. */
function sameModuloSpace(text: string, compact: string): boolean {
  let j = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!inString && (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09)) continue;
    if (code !== compact.charCodeAt(j++)) return false;
    if (code === 0x22) inString = !inString;
    else if (code === 0x5c && text.charCodeAt(++i) !== compact.charCodeAt(j++)) return false;
  }
  return j === compact.length;
}

/** Whether an object with a first name in `$` stands anywhere in it. */
export function looksWrapped(value: Json): boolean {
  if (value === null || typeof value !== "object") return false;
  if (Array.isArray(value)) return value.some(looksWrapped);
  const names = Object.keys(value);
  return names[0]?.startsWith("$") === true || names.some((name) => looksWrapped(value[name]!));
}

/** A JSON text as jsonb prints it: names by length then bytes, the last of equal ones, numbers written out. */
export function jsonbText(text: string): string {
  let offset = 0;
  const space = () => {
    while (/[ \n\r\t]/.test(text[offset] ?? "")) offset++;
  };
  const token = () => {
    const start = offset;
    if (text[offset] === '"') offset = stringEnd(text, offset) + 1;
    else while (/[-+.\w]/.test(text[offset] ?? "")) offset++;
    return text.slice(start, offset);
  };
  const value = (): string => {
    space();
    const open = text[offset];
    if (open !== "{" && open !== "[") return scalar(token());
    const members = new Map<string, string>();
    const items: string[] = [];
    offset++;
    space();
    while (text[offset] !== "}" && text[offset] !== "]") {
      if (open === "{") {
        const name = JSON.parse(token()) as string;
        space();
        offset++;
        members.set(name, value());
      } else items.push(value());
      space();
      if (text[offset] === ",") offset++;
      space();
    }
    offset++;
    if (open === "[") return `[${items.join(", ")}]`;
    const sorted = [...members].map(([name, text]) => ({ bytes: Buffer.from(name), name, text }));
    sorted.sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes));
    return `{${sorted.map(({ name, text }) => `${JSON.stringify(name)}: ${text}`).join(", ")}}`;
  };
  JSON.parse(text);
  return value();
}

function scalar(token: string): string {
  if (token.startsWith('"')) return JSON.stringify(JSON.parse(token));
  return /^[-\d]/.test(token) ? decimalText(token) : token;
}

/** A JSON number as `numeric` prints it: no exponent, the scale that was written. Undefined sizes stay as they are. */
export function decimalText(token: string): string {
  const [, sign, whole = "", fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(token)!;
  const shift = Number(exponent);
  if (Math.abs(shift) > 131072) return token;
  const digits = (whole + fraction).padEnd(whole.length + shift, "0");
  const point = whole.length + shift;
  const integer = point > 0 ? digits.slice(0, point) : "";
  const rest = point > 0 ? digits.slice(point) : digits.padStart(digits.length - point, "0");
  const number = `${integer.replace(/^0+/, "") || "0"}${rest === "" ? "" : `.${rest}`}`;
  return sign === "-" && /[1-9]/.test(number) ? `-${number}` : number;
}
