import { equalJson, type Fields, isDocument, isWrapper, type Json } from "../model/json.js";
import { pointerToken } from "../model/pointer.js";
import { mergeOrder } from "./merge-order.js";

/** A value that both sides changed, to different ones; undefined where there is none. Path "" is the entry's own order of fields. */
export interface FieldConflict {
  path: string;
  base: Json | undefined;
  ours: Json | undefined;
  theirs: Json | undefined;
}

export interface MergedFields {
  fields: Fields;
  /** Where `prefer` decided; without it `fields` has ours there, or theirs where ours has none. */
  conflicts: FieldConflict[];
}

export type Preference = "ours" | "theirs";

/**
 * The three-way merge of one entry: sub-documents member by member, arrays and typed wrappers whole; absence is a value, and so
 * is the order of members. Symmetric where nothing conflicts.
 * @param base empty where neither side had the entry; undefined where it is lost: then whatever differs conflicts
 */
export function mergeFields(
  { base, ours, theirs }: { base: Fields | undefined; ours: Fields; theirs: Fields },
  prefer?: Preference,
): MergedFields {
  const conflicts: FieldConflict[] = [];

  const conflict = (path: string, before: Json | undefined, our: Json | undefined, their: Json | undefined) => {
    conflicts.push({ path, base: before, ours: our, theirs: their });
    if (prefer) return prefer === "ours" ? our : their;
    return our === undefined ? their : our;
  };

  const mergeValue = (path: string, before: Json | undefined, our: Json | undefined, their: Json | undefined) => {
    if (equalJson(our, their)) return our;
    if (base !== undefined && equalJson(before, our)) return their;
    if (base !== undefined && equalJson(before, their)) return our;
    if (!isDocument(our) || !isDocument(their)) return conflict(path, before, our, their);
    const from = conflicts.length;
    const members = mergeMembers(path, membersOf(before), membersOf(our), membersOf(their));
    const merged = members && (Object.fromEntries(members) as Json);
    // What is left may begin with a name that only a wrapper begins with.
    if (merged !== undefined && !isWrapper(merged)) return merged;
    conflicts.length = from;
    return conflict(path, before, our, their);
  };

  /** Undefined where the order clashes and nobody decides. */
  const mergeMembers = (path: string, before: Fields, our: Fields, their: Fields): Fields | undefined => {
    const values = new Map<string, Json>();
    for (const name of new Set([...our.keys(), ...their.keys()])) {
      const value = mergeValue(`${path}/${pointerToken(name)}`, before.get(name), our.get(name), their.get(name));
      if (value !== undefined) values.set(name, value);
    }
    const [first, second] = prefer === "theirs" ? [their, our] : [our, their];
    const keys = (fields: Fields) => [...fields.keys()];
    const { names, clash } = mergeOrder(keys(before), keys(first), keys(second), (name) => values.has(name));
    if (clash) {
      if (!prefer) return undefined;
      conflicts.push({ path, base: undefined, ours: undefined, theirs: undefined });
    }
    return new Map(names.map((name) => [name, values.get(name)!]));
  };

  const fields = mergeMembers("", base ?? new Map(), ours, theirs);
  if (fields) return { fields, conflicts };
  return { fields: ours, conflicts: [{ path: "", base: undefined, ours: undefined, theirs: undefined }] };
}

function membersOf(value: Json | undefined): Fields {
  return new Map(isDocument(value) ? Object.entries(value) : []);
}
