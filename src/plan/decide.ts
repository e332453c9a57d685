import type { Fields } from "../model/json.js";
import { mergeEntry } from "./merge-entry.js";
import type { Change, FieldChange, Label, Rules } from "./plan.js";

/** The three sides of one entry; absent ones are undefined. */
export interface Sides {
  base: Fields | undefined;
  git: Fields | undefined;
  live: Fields | undefined;
}

/** What becomes of one entry. `adopt` costs nothing: live already is what git wants. */
export type Decision =
  | { do: "nothing" | "adopt" }
  | { do: "keep"; why: "drift" | "conflict" | "released" }
  | {
      do: "write" | "block";
      kind: Change["kind"];
      label: Label;
      fields: FieldChange[];
      /** Other fields changed on both sides, and `onConflict: live` leaves them. */
      keeps?: boolean;
    };

/** The entry table of design/apply.md: base, git and live decide; every row of it is a case here. */
export function decide({ base, git, live }: Sides, rules: Rules): Decision {
  if (git && live) return decideFields({ base, git, live }, rules);
  if (git && !base && !rules.baseLost) return { do: "write", kind: "create", label: "git", fields: [] };
  if (git) {
    // With its base lost, nobody knows whether git made the entry or the database deleted it.
    if (base && sameFor(git, base, rules)) return drift("create", rules);
    return rules.onConflict === "live" ? { do: "keep", why: "conflict" } : conflict("create", rules);
  }
  if (base && live) {
    if (sameFor(base, live, rules)) return { do: "write", kind: "delete", label: "git", fields: [] };
    return rules.onConflict === "live" ? { do: "keep", why: "released" } : conflict("delete", rules);
  }
  if (live && rules.prune === "mirror") return { do: "write", kind: "delete", label: "mirror", fields: [] };
  return { do: "nothing" };
}

function decideFields(sides: { base: Fields | undefined; git: Fields; live: Fields }, rules: Rules): Decision {
  const { changes, kept, blocked } = mergeEntry(sides, rules);
  if (blocked.length > 0) {
    return { do: "block", kind: "update", label: strongest(blocked), fields: [...blocked, ...changes] };
  }
  const keeps = kept.some((field) => field.label === "conflict");
  if (changes.length > 0) return { do: "write", kind: "update", label: strongest(changes), fields: changes, keeps };
  if (kept.length > 0) return { do: "keep", why: keeps ? "conflict" : "drift" };
  return { do: sides.base ? "nothing" : "adopt" };
}

function drift(kind: Change["kind"], rules: Rules): Decision {
  if (rules.onDrift === "keep") return { do: "keep", why: "drift" };
  return { do: rules.onDrift === "fail" ? "block" : "write", kind, label: "drift", fields: [] };
}

function conflict(kind: Change["kind"], rules: Rules): Decision {
  return { do: rules.onConflict === "fail" ? "block" : "write", kind, label: "conflict", fields: [] };
}

/** The gravest label of a change's fields: a conflict hides neither behind a drift nor behind git. */
function strongest(fields: readonly FieldChange[]): Label {
  const order: Label[] = ["conflict", "adopt", "drift", "git"];
  return order.find((label) => fields.some((field) => field.label === label)) ?? "git";
}

/** Equal in all that is compared: `ignore` and `local` members count for nothing, nor do columns that one of two rows does not have. */
export function sameFor(wanted: Fields, other: Fields, rules: Rules): boolean {
  const common = (fields: Fields, also: Fields): Fields =>
    rules.rows ? new Map([...fields].filter(([name]) => also.has(name))) : fields;
  const sides = { base: undefined, git: common(wanted, other), live: common(other, wanted) };
  const { changes, blocked } = mergeEntry(sides, rules);
  return changes.length + blocked.length === 0;
}
