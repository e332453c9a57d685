import { equalJson, type Fields, isDocument, type Json } from "../model/json.js";
import type { FieldChange, Rules } from "./plan.js";

/** An entry as last applied, as the revision wants it, and as the database has it; undefined where there is none. */
export interface ThreeWay {
  base: Fields | undefined;
  git: Fields;
  live: Fields;
}

export interface MergedEntry {
  /** What the live entry becomes: git's, but for fields that the rules keep. */
  fields: Fields;
  /** Fields that are written. */
  changes: FieldChange[];
  /** Fields that differ and stay (onDrift keep, onConflict live). */
  kept: FieldChange[];
  /** Fields that the rules say to fail on. */
  blocked: FieldChange[];
}

type Value = Json | undefined;

/**
 * The field table of an update: "absent" is a value; sub-documents are merged member by member, arrays and wrappers whole.
 * Without a base every difference is labelled `adopt` (`conflict` where the base is lost). Members of `ignore` and `local` keep live's value.
 */
export function mergeEntry({ base, git, live }: ThreeWay, rules: Rules): MergedEntry {
  const result: MergedEntry = { fields: new Map(), changes: [], kept: [], blocked: [] };
  const untouched = new Set([...rules.ignore, ...rules.local]);

  const record = (path: string, label: FieldChange["label"], ours: Value, theirs: Value): Value => {
    const rule = label === "drift" ? rules.onDrift : label === "conflict" ? rules.onConflict : "git";
    const list = rule === "fail" ? result.blocked : rule === "keep" || rule === "live" ? result.kept : result.changes;
    list.push({ path, label });
    return list === result.changes ? ours : theirs;
  };

  const mergeValue = (path: string, before: Value, ours: Value, theirs: Value): Value => {
    if (untouched.has(path)) return theirs;
    if (isDocument(ours) && isDocument(theirs)) {
      const merged = mergeMembers(path, before, ours, theirs);
      if (merged !== undefined) return merged;
    }
    if (equalJson(ours, theirs)) return ours;
    if (base === undefined) return record(path, rules.baseLost ? "conflict" : "adopt", ours, theirs);
    if (equalJson(theirs, before)) return record(path, "git", ours, theirs);
    if (equalJson(ours, before)) return record(path, "drift", ours, theirs);
    return record(path, "conflict", ours, theirs);
  };

  /** Undefined where the members agree and only their order differs: then the document is one value. */
  const mergeMembers = (
    path: string,
    before: Value,
    ours: Record<string, Json>,
    theirs: Record<string, Json>,
  ): Value => {
    const old = isDocument(before) ? before : {};
    const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
    const noted = () => result.changes.length + result.kept.length + result.blocked.length;
    const start = noted();
    const merged: Record<string, Json> = {};
    for (const name of names) {
      const value = mergeValue(`${path}/${escapePointer(name)}`, own(old, name), own(ours, name), own(theirs, name));
      if (value !== undefined) merged[name] = value;
    }
    const onlyOrder = noted() === start && !equalJson(merged, theirs);
    return onlyOrder ? undefined : merged;
  };

  for (const name of new Set([...git.keys(), ...live.keys()])) {
    const value = mergeValue(`/${escapePointer(name)}`, base?.get(name), git.get(name), live.get(name));
    if (value !== undefined) result.fields.set(name, value);
  }
  // Where all fields agree and only their order differs, the order is the change: path "" stands for the entry.
  const orderOf = (fields: Fields | undefined): Json => [...(fields?.keys() ?? [])];
  if (result.changes.length + result.kept.length + result.blocked.length === 0) {
    const before = base === undefined ? undefined : orderOf(base);
    const order = mergeValue("", before, orderOf(result.fields), orderOf(live));
    if (equalJson(order, orderOf(live))) result.fields = live;
  }
  return result;
}

function own(object: Record<string, Json>, name: string): Value {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** One JSON Pointer segment (RFC 6901). */
export function escapePointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
