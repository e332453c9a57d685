/**
 * What a destination calls what git has: the part of an environment that decides, beside the overlay, what entries look
 * like there. It comes from the revision, and is recorded with what was applied.
 */
export interface Naming {
  /** Dataset → the destination's table or collection. */
  map: Readonly<Record<string, string>>;
  /** Dataset → the fields of its natural key: rows are the same where these are, whatever their ids. */
  identify: Readonly<Record<string, readonly string[]>>;
  /** Dataset → JSON Pointer → the dataset whose id stands there. */
  references: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The destination's name for a dataset. */
export function tableOf(dataset: string, { map }: Pick<Naming, "map"> = sameNames): string {
  return map[dataset]?.replace(/^public\./, "") ?? dataset;
}

/** Everything has the name and the ids that git knows. */
export const sameNames: Naming = { map: {}, identify: {}, references: {} };
