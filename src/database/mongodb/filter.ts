import { HeddleError, type Problem } from "../../model/errors.js";
import type { Json } from "../../model/json.js";
import { parseManifest } from "../../model/parse.js";
import { pointerToken } from "../../model/pointer.js";
import { driverValue } from "./driver-value.js";
import { canonicalValue, isKnownWrapper } from "./wrapper.js";

/** Operators that run code of the filter's author on the server. */
const forbidden = new Set(["$where", "$function", "$accumulator"]);

/** The filter that a `where` in Extended JSON spells, read as strictly as a manifest. HDL202 with every problem in it. */
export function parseFilter(where: string): Map<string, unknown> {
  const { fields, problems } = parseManifest(where);
  const filter = problems.length === 0 ? convertMembers(fields, "", problems) : new Map();
  if (problems.length === 0) return filter;
  throw new HeddleError("HDL202", "where: not a MongoDB filter in Extended JSON that Heddle can use", {
    problems,
    hint: 'write a filter as in {"active": true, "price": {"$gt": 10}}',
  });
}

function convertMembers(members: Iterable<[string, Json]>, path: string, problems: Problem[]): Map<string, unknown> {
  const converted = new Map<string, unknown>();
  for (const [name, value] of members) {
    const here = `${path}/${pointerToken(name)}`;
    if (forbidden.has(name)) problems.push({ path: here, message: `${name} runs code and is not allowed` });
    converted.set(name, convert(value, here, problems));
  }
  return converted;
}

function convert(json: Json, path: string, problems: Problem[]): unknown {
  if (Array.isArray(json)) return json.map((item, index) => convert(item, `${path}/${index}`, problems));
  if (json !== null && typeof json === "object") {
    if (!isKnownWrapper(json)) return convertMembers(Object.entries(json), path, problems);
    if (names(json).some((name) => forbidden.has(name)))
      problems.push({ path, message: "it hides an operator that runs code" });
  }
  const before = problems.length;
  const canonical = canonicalValue(json, (at, message) => void problems.push({ path: path + at, message }));
  if (problems.length > before) return undefined;
  const { value, exact } = driverValue(canonical);
  if (!exact) problems.push({ path, message: "a filter cannot hold this value" });
  return value;
}

/** All names in a value, those in `$document` too. */
function names(json: Json): string[] {
  if (json === null || typeof json !== "object") return [];
  if (!Array.isArray(json)) return Object.entries(json).flatMap(([name, value]) => [name, ...names(value)]);
  return json.flatMap((item) => (typeof item === "string" ? [item] : names(item)));
}
