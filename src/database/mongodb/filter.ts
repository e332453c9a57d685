import { HeddleError, type Problem } from "../../model/errors.js";
import type { Json } from "../../model/json.js";
import { driverValue } from "./driver-value.js";
import { canonicalValue, child, isKnownWrapper } from "./wrapper.js";

/** Operators that run code of the filter's author on the server. */
const forbidden = new Set(["$where", "$function", "$accumulator"]);

/** The filter that a `where` in Extended JSON spells. HDL202 where it is none, with every problem in it. */
export function parseFilter(where: string): Map<string, unknown> {
  let json: Json;
  try {
    json = JSON.parse(where);
  } catch {
    throw new HeddleError("HDL202", "where: not JSON", { hint: 'write a MongoDB filter, as in {"active": true}' });
  }
  if (json === null || typeof json !== "object" || Array.isArray(json))
    throw new HeddleError("HDL202", "where: not an object", { hint: 'write a MongoDB filter, as in {"active": true}' });
  const problems: Problem[] = [];
  const filter = convert(json, "", problems);
  if (problems.length > 0) throw new HeddleError("HDL202", "where: not a filter that can be used", { problems });
  return filter as Map<string, unknown>;
}

function convert(json: Json, path: string, problems: Problem[]): unknown {
  const report = (path: string, message: string) => void problems.push({ path, message });
  if (Array.isArray(json)) return json.map((item, index) => convert(item, `${path}/${index}`, problems));
  if (json !== null && typeof json === "object" && !isKnownWrapper(json)) {
    return new Map(
      Object.entries(json).map(([name, value]) => {
        if (forbidden.has(name)) report(child(path, name), `${name} runs code and is not allowed`);
        return [name, convert(value, child(path, name), problems)];
      }),
    );
  }
  const before = problems.length;
  const canonical = canonicalValue(json, path, report);
  if (problems.length > before) return undefined;
  const { value, exact } = driverValue(canonical);
  if (!exact) report(path, "this value cannot be used in a where");
  return value;
}
