import { equalJson, type Fields, isDocument, type Json } from "../model/json.js";
import { pointerToken } from "../model/pointer.js";
import type { FieldChange, Rules } from "./plan.js";
import { only, prune, waysOf } from "./side.js";

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
 * Without a base every difference is labelled `adopt` (`conflict` where the base is lost). Members of `ignore` and `local`
 * are not compared and keep live's value and place; what leaves no room for them is blocked, whatever the rules say.
 */
export function mergeEntry({ base, git, live }: ThreeWay, rules: Rules): MergedEntry {
  const result: MergedEntry = { fields: new Map(), changes: [], kept: [], blocked: [] };
  const untouched = new Set([...rules.ignore, ...rules.local]);
  const noted = () => result.changes.length + result.kept.length + result.blocked.length;
  /** The ways from a value to the untouched members in it. */
  const waysFrom = (path: string) =>
    [...untouched].filter((pointer) => pointer.startsWith(`${path}/`)).map((pointer) => waysOf(pointer, path));

  const record = (path: string, label: FieldChange["label"], ours: Value, theirs: Value, loses = false): Value => {
    const rule = label === "drift" ? rules.onDrift : label === "conflict" ? rules.onConflict : "git";
    const keeps = rule === "keep" || rule === "live";
    const list = keeps ? result.kept : rule === "fail" || loses ? result.blocked : result.changes;
    list.push({ path, label });
    return list === result.changes ? ours : theirs;
  };

  const mergeValue = (path: string, before: Value, ours: Value, theirs: Value): Value => {
    if (untouched.has(path)) return theirs;
    if (isDocument(ours) && isDocument(theirs)) return mergeDocument(path, before, ours, theirs);
    const ways = waysFrom(path);
    const compared = (value: Value) => (value === undefined ? value : prune(value, ways));
    const [old, our, their] = [compared(before), compared(ours), compared(theirs)];
    // Where git has no document, live's keeps its untouched members.
    const rest = theirs === undefined ? undefined : only(theirs, ways);
    if (equalJson(our, their) || (ours === undefined && equalJson(rest, theirs))) return theirs;
    const loses = rest !== undefined && ours !== undefined;
    return record(path, labelOf(old, our, their), ours === undefined ? rest : our, theirs, loses);
  };

  const labelOf = (before: Value, ours: Value, theirs: Value): FieldChange["label"] => {
    if (base === undefined) return rules.baseLost ? "conflict" : "adopt";
    if (equalJson(theirs, before)) return "git";
    return equalJson(ours, before) ? "drift" : "conflict";
  };

  type Document = Record<string, Json>;
  const mergeDocument = (path: string, before: Value, ours: Document, theirs: Document): Value => {
    const old = isDocument(before) ? before : {};
    const start = noted();
    const merged: Document = {};
    for (const name of orderOf(path, Object.keys(ours), Object.keys(theirs))) {
      const value = mergeValue(`${path}/${pointerToken(name)}`, own(old, name), own(ours, name), own(theirs, name));
      if (value !== undefined) merged[name] = value;
    }
    if (noted() > start || equalJson(merged, theirs)) return merged;
    // The members agree and only their order differs: then the document is one value.
    const ways = waysFrom(path);
    const label = labelOf(before === undefined ? before : prune(before, ways), prune(ours, ways), prune(theirs, ways));
    return record(path, label, merged, theirs);
  };

  /** Git's order, with what only live has and what is not compared in live's places. */
  const orderOf = (path: string, ours: readonly string[], theirs: readonly string[]): string[] => {
    const isOurs = comparedNames(path, ours);
    const names = [...isOurs];
    theirs.forEach((name, i) => {
      if (!isOurs.has(name)) names.splice(i === 0 ? 0 : names.indexOf(theirs[i - 1]!) + 1, 0, name);
    });
    return names;
  };
  const comparedNames = (path: string, names: Iterable<string>) =>
    new Set([...names].filter((name) => !untouched.has(`${path}/${pointerToken(name)}`)));

  for (const name of orderOf("", [...git.keys()], [...live.keys()])) {
    // A column that base did not have yet was NULL as far as it knows.
    const isNew = rules.rows && base !== undefined && !base.has(name) && live.get(name) === null;
    const before = isNew ? null : base?.get(name);
    const value = mergeValue(`/${pointerToken(name)}`, before, git.get(name), live.get(name));
    if (value !== undefined) result.fields.set(name, value);
  }
  // Where all fields agree and only their order differs, the order is the change: path "" stands for the entry.
  if (noted() === 0) {
    const ours = comparedNames("", git.keys());
    const within = (fields: Fields): Json => [...fields.keys()].filter((name) => ours.has(name));
    const [our, their] = [within(git), within(live)];
    const order = equalJson(our, their) || record("", labelOf(base && within(base), our, their), our, their);
    if (order !== our) result.fields = live;
  }
  return result;
}

function own(object: Record<string, Json>, name: string): Value {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
