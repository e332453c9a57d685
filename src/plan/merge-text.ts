import { type Fields, isDocument, type Json, renderFields } from "../model/json.js";
import { parseManifest } from "../model/parse.js";
import { renderConflicts } from "./conflict-text.js";
import { type FieldConflict, mergeFields, type Preference } from "./merge-fields.js";

export interface MergedText {
  /** Canonical where nothing conflicts; else with markers around each conflicting field, and no JSON. */
  text: string;
  /** JSON Pointers of the fields that both sides changed; "" where only the order of all fields is in conflict. */
  conflicts: string[];
}

export interface Texts {
  /** Empty where neither side had the file. */
  base: string;
  ours: string;
  theirs: string;
}

/**
 * Three-way merge of a data file, by field. A base that is none (the markers of an inner merge) counts as lost: then all that
 * differs conflicts. Undefined where ours or theirs is no manifest.
 * @param name the file's own name: what `_dataset.json` lists is merged by element
 * @param size length of the markers
 * @param prefer decides what conflicts: then the text is canonical all the same
 */
export function mergeText(
  name: string,
  { base, ours, theirs }: Texts,
  { size = 7, prefer }: { size?: number; prefer?: Preference } = {},
): MergedText | undefined {
  const [was, our, their] = [base === "" ? new Map() : read(base), read(ours), read(theirs)];
  if (!our || !their) return undefined;
  const lists = name === "_dataset.json";
  const known = (fields: Fields) => (lists ? unlist(fields) : fields);
  const merged = mergeFields({ base: was && known(was), ours: known(our), theirs: known(their) }, prefer);
  const fields = lists ? relist(merged.fields) : merged.fields;
  // Of a list, markers hold the whole.
  const whole = ({ path, ...sides }: FieldConflict): FieldConflict => {
    const [top] = path.slice(1).split("/");
    if (!lists || !listed(top!) || path === "") return { path, ...sides };
    return { path: `/${top}`, base: was?.get(top!), ours: our.get(top!), theirs: their.get(top!) };
  };
  const conflicts = new Map(merged.conflicts.map(whole).map((conflict) => [conflict.path, conflict]));
  const paths = [...conflicts.keys()];
  if (prefer || paths.length === 0) return { text: renderFields(fields), conflicts: paths };
  return {
    text: renderConflicts(fields, [...conflicts.values()], { ours: our, theirs: their }, size),
    conflicts: paths,
  };
}

function read(text: string): Fields | undefined {
  const { fields, problems } = parseManifest(text);
  return problems.length === 0 ? fields : undefined;
}

const listed = (name: string) => ["fields", "pick", "omit", "references", "masked"].includes(name);

/** The lists of a description as documents, so that they merge element by element. */
function unlist(fields: Fields): Fields {
  return new Map(
    [...fields].map(([name, value]) => {
      if (!listed(name) || !Array.isArray(value)) return [name, value];
      return [name, Object.fromEntries(value.map((element) => [nameOf(element), element]))];
    }),
  );
}

/** Begins with no digit and no `$`, which would count for more than a name. */
function nameOf(element: Json): string {
  return `=${isDocument(element) && typeof element.name === "string" ? element.name : JSON.stringify(element)}`;
}

function relist(fields: Fields): Fields {
  return new Map(
    [...fields].map(([name, value]) => {
      if (!listed(name) || !isDocument(value)) return [name, value];
      const elements = Object.entries(value);
      if (isSorted(name, elements)) elements.sort(([a], [b]) => (a < b ? -1 : 1));
      return [name, elements.map(([, element]) => element)];
    }),
  );
}

/** Whether weave writes this list sorted: references, and the fields of documents, which have no types. */
function isSorted(name: string, elements: readonly [string, Json][]): boolean {
  const untyped = ([, element]: [string, Json]) => isDocument(element) && element.type === undefined;
  return name === "references" || (name === "fields" && elements.every(untyped));
}
