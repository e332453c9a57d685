import type { ShownValue } from "../plan/show.js";
import { fieldName, shorten } from "../plan/words.js";
import { print } from "./terminal.js";

/** Characters of a value that are shown. */
const mostShown = 120;

/** Prints fields with their values before and after, a line each; with `created` only after. */
export function printFields(fields: readonly ShownValue[], created = false): void {
  for (const field of fields) {
    const [from, to] = [field.from ?? "absent", field.to ?? "absent"].map((text) => shorten(text, mostShown));
    const types = field.types ? ` (${field.types})` : "";
    print(`      ${fieldName(field)}: ${created ? to : `${from} → ${to}`}${types}`);
  }
}
