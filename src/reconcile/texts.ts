import type { WriteSession } from "../database/database.js";
import type { Entry } from "../model/entry.js";
import type { PreImage } from "../model/record.js";
import type { Step } from "../plan/order.js";
import type { Change } from "../plan/plan.js";
import { refersToItself } from "./chunks.js";
import type { Part } from "./parts.js";
import type { ReconcileInput } from "./reconcile.js";

/**
 * Creates the entries that can go into the database as their manifests are, with what undo needs of them; gives the part
 * of the others.
 */
export async function writeTexts(
  session: WriteSession,
  input: ReconcileInput,
  step: Step,
  { changes, wanted }: Part,
): Promise<Part> {
  if (!session.writeTexts || !isAsGitHasIt(input, step)) return { changes, wanted };
  const { name: dataset, key: keyFields } = step.plan.dataset;
  const entries: Entry[] = [];
  for (const { key, name } of changes) {
    const { text } = wanted.get(name)!;
    if (text === undefined) return { changes, wanted };
    entries.push({ key, text });
  }
  const rest = await session.writeTexts(step.plan.dataset, entries);
  if (rest.length === entries.length) return { changes, wanted };
  const others: Change[] = [];
  const images: PreImage[] = [];
  let fields: readonly string[] | undefined;
  for (let i = 0; i < changes.length; i++) {
    const change = changes[i]!;
    if (entries[i] === rest[others.length]) {
      others.push(change);
      continue;
    }
    const { key, name, git } = change;
    // Rows of one dataset have the same fields.
    fields ??= [...wanted.get(name)!.fields.keys()];
    images.push({ dataset, keyFields, key, name, wanted: git!, created: { fields, digest: git! } });
  }
  await session.savePreImages(input.record.plan, images);
  return { changes: others, wanted };
}

/** Whether created entries are just what git has, all in one pass, and nothing is known of them from before. */
function isAsGitHasIt(input: ReconcileInput, step: Step): boolean {
  const { git, rules } = input.target(step);
  const { dataset } = step.plan;
  return (
    step.kind === "create" &&
    !git!.shaped &&
    rules.ignore.length + rules.local.length === 0 &&
    !step.without &&
    !step.only &&
    !refersToItself(step) &&
    input.database.capabilities.transactions &&
    !input.record.exceptions.some((one) => one.dataset === dataset.name)
  );
}
