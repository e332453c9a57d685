import { isWrapper, type Json, survivesAsObject } from "../../model/json.js";
import { pointerToken } from "../../model/parse.js";
import { decimalText, doubleJson, isInt32, isInt64, nanBits, nanText, parseDouble } from "./number.js";

/**
 * Strict reading of values that people may have edited. The canonical form comes back; what is malformed is reported with
 * its JSON Pointer and left as it is. The wrappers are those of Extended JSON v2
 * (https://github.com/mongodb/specifications, extended-json) and `$document`.
 */
export type Report = (path: string, message: string) => void;

export function canonicalValue(json: Json, path: string, report: Report): Json {
  if (typeof json === "number") return canonicalNumber(json, path, report);
  if (typeof json === "string") return checkedString(json, path, report);
  if (json === null || typeof json === "boolean") return json;
  if (Array.isArray(json)) return json.map((item, index) => canonicalValue(item, `${path}/${index}`, report));
  if (isWrapper(json)) return canonicalWrapper(json, path, report);
  const object: { [name: string]: Json } = {};
  for (const [name, value] of Object.entries(json)) {
    checkedName(name, path, report);
    object[name] = canonicalValue(value, child(path, name), report);
  }
  return object;
}

function child(path: string, name: string): string {
  return `${path}/${pointerToken(name)}`;
}

export function checkedName(name: string, path: string, report: Report): void {
  if (name.includes("\0")) report(child(path, name), "a field name cannot hold a NUL");
  else if (/\p{Surrogate}/u.test(name)) report(path, "a field name holds a lone surrogate");
}

/** A document with these members: a plain object where JSON carries that, else `$document`. */
export function documentOf(members: [string, Json][]): Json {
  const names = members.map(([name]) => name);
  if (names[0]?.startsWith("$") || !survivesAsObject(names)) return { $document: members };
  return Object.fromEntries(members);
}

function canonicalNumber(value: number, path: string, report: Report): Json {
  if (isInt32(value)) return value;
  if (Object.is(value, -0) || !Number.isInteger(value)) return doubleJson(value);
  if (Number.isSafeInteger(value)) return { $numberLong: String(value) };
  report(
    path,
    'too large for a plain number: write {"$numberLong": "…"}, {"$numberDouble": "…"} or {"$numberDecimal": "…"}',
  );
  return value;
}

function checkedString(text: string, path: string, report: Report): string {
  if (/\p{Surrogate}/u.test(text)) report(path, "a string holds a lone surrogate");
  return text;
}

type Members = { [name: string]: Json };

/** The canonical form of one wrapper; a string in an array says what is wrong with it. */
type Reading = (members: Members, path: string, report: Report) => Json | [problem: string];

function canonicalWrapper(members: Members, path: string, report: Report): Json {
  const name = Object.keys(members)[0]!;
  const reading = readings.get(name);
  if (!reading) {
    const hint = 'a document whose first field begins with "$" is written as {"$document": [["name", value], …]}';
    report(path, `unknown wrapper ${JSON.stringify(name)}; ${hint}`);
    return members;
  }
  const read = reading(members, path, report);
  if (!Array.isArray(read)) return read;
  report(path, `malformed ${name}: expected ${read[0]}`);
  return members;
}

/** Whether an object has exactly these members, in any order. */
function has(value: Json | undefined, ...names: string[]): value is Members {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  const own = Object.keys(value);
  return own.length === names.length && names.every((name) => own.includes(name));
}

const isText = (value: Json | undefined): value is string => typeof value === "string" && !/\p{Surrogate}/u.test(value);
const isCText = (value: Json | undefined): value is string => isText(value) && !value.includes("\0");
const isUint32 = (value: Json | undefined): value is number =>
  typeof value === "number" && value >>> 0 === value && !Object.is(value, -0);

const readingOf: Record<string, Reading> = {
  $numberInt(json) {
    const text = has(json, "$numberInt") ? json.$numberInt : undefined;
    return isText(text) && /^-?\d{1,10}$/.test(text) && isInt32(Number(text))
      ? Number(text)
      : ['{"$numberInt": "an int32"}'];
  },
  $numberLong(json) {
    const text = has(json, "$numberLong") ? json.$numberLong : undefined;
    return isText(text) && isInt64(text) ? { $numberLong: String(BigInt(text)) } : ['{"$numberLong": "an int64"}'];
  },
  $numberDouble(json) {
    const text = has(json, "$numberDouble") ? json.$numberDouble : undefined;
    const nan = isText(text) ? nanBits(text) : undefined;
    if (nan !== undefined) return { $numberDouble: nanText(nan) };
    const value = isText(text) ? parseDouble(text) : undefined;
    return value === undefined ? ['{"$numberDouble": "a number that a double holds"}'] : doubleJson(value);
  },
  $numberDecimal(json) {
    const text = has(json, "$numberDecimal") ? json.$numberDecimal : undefined;
    const canonical = isText(text) ? decimalText(text) : undefined;
    return canonical === undefined
      ? ['{"$numberDecimal": "a number of at most 34 digits"}']
      : { $numberDecimal: canonical };
  },
  $oid(json) {
    const text = has(json, "$oid") ? json.$oid : undefined;
    return isText(text) && /^[0-9a-f]{24}$/i.test(text) ? { $oid: text.toLowerCase() } : ['{"$oid": "24 hex digits"}'];
  },
  $date(json) {
    const inner = has(json, "$date") ? json.$date : undefined;
    const text = has(inner, "$numberLong") ? inner.$numberLong : undefined;
    if (isText(text) && isInt64(text)) return { $date: { $numberLong: String(BigInt(text)) } };
    const time = isText(inner) ? parseDate(inner) : undefined;
    if (time !== undefined) return { $date: { $numberLong: String(time) } };
    return ['{"$date": {"$numberLong": "milliseconds since 1970"}} or {"$date": "2020-01-31T12:00:00.000Z"}'];
  },
  $binary(json) {
    const inner = has(json, "$binary") && has(json.$binary, "base64", "subType") ? json.$binary : undefined;
    const { base64, subType } = inner ?? {};
    if (
      !isText(base64) ||
      Buffer.from(base64, "base64").toString("base64") !== base64 ||
      !isText(subType) ||
      !/^[0-9a-f]{1,2}$/i.test(subType)
    )
      return ['{"$binary": {"base64": "…", "subType": "two hex digits"}}'];
    return { $binary: { base64, subType: subType.toLowerCase().padStart(2, "0") } };
  },
  $uuid(json) {
    const text = has(json, "$uuid") ? json.$uuid : undefined;
    if (!isText(text) || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text))
      return ['{"$uuid": "8-4-4-4-12 hex digits"}'];
    return { $binary: { base64: Buffer.from(text.replaceAll("-", ""), "hex").toString("base64"), subType: "04" } };
  },
  $regularExpression(json) {
    const inner =
      has(json, "$regularExpression") && has(json.$regularExpression, "pattern", "options")
        ? json.$regularExpression
        : undefined;
    const { pattern, options } = inner ?? {};
    if (!isCText(pattern) || !isCText(options))
      return ['{"$regularExpression": {"pattern": "…", "options": "…"}}, without NUL'];
    return { $regularExpression: { pattern, options } };
  },
  $timestamp(json) {
    const inner = has(json, "$timestamp") && has(json.$timestamp, "t", "i") ? json.$timestamp : undefined;
    const { t, i } = inner ?? {};
    return isUint32(t) && isUint32(i) ? { $timestamp: { t, i } } : ['{"$timestamp": {"t": seconds, "i": counter}}'];
  },
  $undefined: (json) =>
    has(json, "$undefined") && json.$undefined === true ? { $undefined: true } : ['{"$undefined": true}'],
  $minKey: (json) => (has(json, "$minKey") && json.$minKey === 1 ? { $minKey: 1 } : ['{"$minKey": 1}']),
  $maxKey: (json) => (has(json, "$maxKey") && json.$maxKey === 1 ? { $maxKey: 1 } : ['{"$maxKey": 1}']),
  $symbol: (json) => (has(json, "$symbol") && isText(json.$symbol) ? { $symbol: json.$symbol } : ['{"$symbol": "…"}']),
  $dbPointer(json) {
    const inner = has(json, "$dbPointer") && has(json.$dbPointer, "$ref", "$id") ? json.$dbPointer : undefined;
    const oid = inner && has(inner.$id, "$oid") ? inner.$id.$oid : undefined;
    if (!inner || !isText(inner.$ref) || !isText(oid) || !/^[0-9a-f]{24}$/i.test(oid))
      return ['{"$dbPointer": {"$ref": "…", "$id": {"$oid": "24 hex digits"}}}'];
    return { $dbPointer: { $ref: inner.$ref, $id: { $oid: oid.toLowerCase() } } };
  },
  $code(json, path, report) {
    if (has(json, "$code") && isText(json.$code)) return { $code: json.$code } as Members;
    const scope =
      has(json, "$code", "$scope") && isText(json.$code)
        ? canonicalValue(json.$scope!, `${path}/$scope`, report)
        : null;
    if (!isDocumentForm(scope)) return ['{"$code": "…"} or {"$code": "…", "$scope": {…}}'];
    return { $code: json.$code as string, $scope: scope };
  },
  $document(json, path, report) {
    const pairs = has(json, "$document") ? json.$document : undefined;
    if (!Array.isArray(pairs) || !pairs.every(isPair)) return ['{"$document": [["name", value], …]}'];
    return documentOf(
      pairs.map(([name, value], index) => {
        checkedName(name, `${path}/$document/${index}`, report);
        return [name, canonicalValue(value, `${path}/$document/${index}/1`, report)];
      }),
    );
  },
};

const readings = new Map(Object.entries(readingOf));

/** Whether the first name is that of a wrapper; `{"$gt": 1}` in a filter is none. */
export function isKnownWrapper(json: Json): boolean {
  return json !== null && typeof json === "object" && readings.has(Object.keys(json)[0] ?? "");
}

function isPair(pair: Json): pair is [string, Json] {
  return Array.isArray(pair) && pair.length === 2 && typeof pair[0] === "string";
}

function isDocumentForm(json: Json): boolean {
  if (json === null || typeof json !== "object" || Array.isArray(json)) return false;
  return !isWrapper(json) || Object.keys(json)[0] === "$document";
}

/** Milliseconds since 1970 of an ISO 8601 instant with at most three decimals of a second; undefined for anything else. */
export function parseDate(text: string): number | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:?\d\d)$/.exec(text);
  if (!parts) return undefined;
  const time = Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, "$1:$2"));
  const day = Date.parse(`${parts[1]}T00:00:00Z`);
  // Date.parse rolls 30 February over to March.
  if (Number.isNaN(time) || Number.isNaN(day) || !new Date(day).toISOString().startsWith(parts[1]!)) return undefined;
  return time;
}
