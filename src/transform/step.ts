import type { Codec } from "../model/codec.js";
import type { Field } from "../model/dataset.js";
import { HeddleError } from "../model/errors.js";
import type { Fields } from "../model/json.js";

/** One entry on its way through the steps. */
export interface Draft {
  readonly codec: Codec;
  fields: Fields;
  /** The dataset's listed fields by the names they have at this step. */
  types: ReadonlyMap<string, Field>;
  /** What expressions see, while it is current. Steps that change `fields` forget it. */
  view?: Record<string, unknown> | undefined;
  dropped?: boolean;
}

export interface CompiledStep {
  /** What it does to top-level fields, whatever the entry holds. */
  readonly effects: readonly Effect[];
  /** The top-level fields that the configuration names in it. */
  readonly names: readonly string[];
  /** Changes the draft. HDL500 where it cannot; the draft is then not used again. */
  run(draft: Draft): void | Promise<void>;
}

/** `copy` only says that what `to` holds came from `from`: it is masked where that is. */
export type Effect =
  | { kind: "add"; name: string }
  | { kind: "remove" | "mask"; name: string }
  | { kind: "rename" | "copy"; from: string; to: string };

/** Stops the entry. The message may hold names and pointers, never values. */
export function fail(message: string, hint?: string): never {
  throw new HeddleError("HDL500", message, hint === undefined ? {} : { hint });
}

export function viewOf(draft: Draft): Record<string, unknown> {
  draft.view ??= plainView(draft.codec, draft.types, draft.fields);
  return draft.view;
}

/** The plain view of an entry: see `Codec.toPlain`. */
export function plainView(codec: Codec, types: ReadonlyMap<string, Field>, fields: Fields): Record<string, unknown> {
  return Object.fromEntries([...fields].map(([name, value]) => [name, codec.toPlain(value, types.get(name))]));
}
