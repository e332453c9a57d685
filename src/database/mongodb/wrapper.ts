import { equalJson, isWrapper, type Json, survivesAsObject } from "../../model/json.js";
import { formatPointer } from "../../model/pointer.js";
import { decimalText, doubleJson, int64Text, isInt32, isInt64, nanBits, nanText, parseDouble } from "./number.js";

/**
 * Strict reading of values that people may have edited. The canonical form comes back; what is malformed is reported with
 * its JSON Pointer and left as it is. The wrappers are those of Extended JSON v2
 * (https://github.com/mongodb/specifications, extended-json) and `$document`.
 */
export type Report = (path: string, message: string) => void;

/** Names and indices down to the value that is read now; made into a JSON Pointer only where something is wrong. */
type Path = (string | number)[];

/** The canonical form of a value: the very same value where it has that already. Paths in reports begin at it. */
export function canonicalValue(json: Json, report: Report): Json {
  return canonical(json, [], report);
}

function canonical(json: Json, path: Path, report: Report): Json {
  if (typeof json === "number") return canonicalNumber(json, path, report);
  if (typeof json === "string") {
    if (!json.isWellFormed()) report(pointer(path), "a string holds a lone surrogate");
    return json;
  }
  if (json === null || typeof json === "boolean") return json;
  if (Array.isArray(json)) return canonicalArray(json, path, report);
  if (isWrapper(json)) return canonicalWrapper(json, path, report);
  let changed: Members | undefined;
  for (const name in json) {
    const value = json[name]!;
    path.push(name);
    checkName(name, path, report);
    const read = canonical(value, path, report);
    path.pop();
    if (read !== value) {
      changed ??= { ...json };
      changed[name] = read;
    }
  }
  return changed ?? json;
}

function canonicalArray(json: Json[], path: Path, report: Report): Json[] {
  let changed: Json[] | undefined;
  for (let i = 0; i < json.length; i++) {
    path.push(i);
    const read = canonical(json[i]!, path, report);
    path.pop();
    if (read !== json[i]) {
      changed ??= json.slice();
      changed[i] = read;
    }
  }
  return changed ?? json;
}

function pointer(path: Path): string {
  return formatPointer(path.map(String));
}

/** Says whether a document can have a field of that name. */
export function checkedName(name: string, report: Report): void {
  checkName(name, [name], report);
}

function checkName(name: string, path: Path, report: Report): void {
  if (name.includes("\0")) report(pointer(path), "a field name cannot hold a NUL");
  else if (!name.isWellFormed()) report(pointer(path.slice(0, -1)), "a field name holds a lone surrogate");
}

/** A document with these members: a plain object where JSON carries that, else `$document`. */
export function documentOf(members: [string, Json][]): Json {
  const names = members.map(([name]) => name);
  if (names[0]?.startsWith("$") || !survivesAsObject(names)) return { $document: members };
  return Object.fromEntries(members);
}

function canonicalNumber(value: number, path: Path, report: Report): Json {
  if (isInt32(value)) return value;
  if (Object.is(value, -0) || !Number.isInteger(value)) return doubleJson(value);
  if (Number.isSafeInteger(value)) return { $numberLong: String(value) };
  report(
    pointer(path),
    'too large for a plain number: write {"$numberLong": "…"}, {"$numberDouble": "…"} or {"$numberDecimal": "…"}',
  );
  return value;
}

type Members = { [name: string]: Json };

/** The canonical form of one wrapper; a string in an array says what is wrong with it. */
type Reading = (members: Members, path: Path, report: Report) => Json | [problem: string];

function canonicalWrapper(members: Members, path: Path, report: Report): Json {
  const name = firstName(members);
  const reading = readings.get(name);
  if (!reading) {
    const hint = 'a document whose first field begins with "$" is written as {"$document": [["name", value], …]}';
    report(pointer(path), `unknown wrapper ${JSON.stringify(name)}; ${hint}`);
    return members;
  }
  const read = reading(members, path, report);
  if (!Array.isArray(read)) return equalJson(read, members) ? members : read;
  report(pointer(path), `malformed ${name}: expected ${read[0]}`);
  return members;
}

function firstName(members: Members): string {
  for (const name in members) return name;
  return "";
}

/** Whether an object has exactly these members, in any order. */
function has(value: Json | undefined, ...names: string[]): value is Members {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  let count = 0;
  for (const name in value) {
    if (!names.includes(name)) return false;
    count++;
  }
  return count === names.length;
}

const isText = (value: Json | undefined): value is string => typeof value === "string" && value.isWellFormed();
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
    return isText(text) && isInt64(text) ? { $numberLong: int64Text(text) } : ['{"$numberLong": "an int64"}'];
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
    if (isText(text) && isInt64(text)) return { $date: { $numberLong: int64Text(text) } };
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
    if (!has(json, "$code", "$scope") || !isText(json.$code)) return [codeForms];
    path.push("$scope");
    const scope = canonical(json.$scope!, path, report);
    path.pop();
    if (!isDocumentForm(scope)) return [codeForms];
    return { $code: json.$code, $scope: scope };
  },
  $document(json, path, report) {
    const pairs = has(json, "$document") ? json.$document : undefined;
    if (!Array.isArray(pairs) || !pairs.every(isPair)) return ['{"$document": [["name", value], …]}'];
    path.push("$document");
    const members = pairs.map(([name, value], index): [string, Json] => {
      path.push(index, 1);
      checkName(name, path.with(-1, 0), report);
      const read = canonical(value, path, report);
      path.length -= 2;
      return [name, read];
    });
    path.pop();
    return documentOf(members);
  },
};

const codeForms = '{"$code": "…"} or {"$code": "…", "$scope": {…}}';

const readings = new Map(Object.entries(readingOf));

/** Whether the first name is that of a wrapper; `{"$gt": 1}` in a filter is none. */
export function isKnownWrapper(json: Json): boolean {
  return json !== null && typeof json === "object" && readings.has(firstName(json as Members));
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
