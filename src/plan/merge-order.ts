/** The order of names that two sides agree on; `clash` where both moved them differently. */
export interface MergedOrder {
  names: string[];
  clash: boolean;
}

/**
 * Three-way merge of the order of members, because order is data in documents. Whoever moved a name decides; names that one
 * side alone has stay behind the name they stood behind there. Symmetric but for a clash, where ours decides.
 * @param kept whether a name is in the result
 */
export function mergeOrder(
  base: readonly string[],
  ours: readonly string[],
  theirs: readonly string[],
  kept: (name: string) => boolean,
): MergedOrder {
  const [inBase, inOurs, inTheirs] = [new Set(base), new Set(ours), new Set(theirs)];
  const our = ours.filter((name) => inTheirs.has(name) && kept(name));
  const their = theirs.filter((name) => inOurs.has(name) && kept(name));
  const common = new Set(our);
  const before = base.filter((name) => common.has(name));
  const moved = (names: readonly string[]) =>
    !equal(
      names.filter((name) => inBase.has(name)),
      before,
    );
  const clash = !equal(our, their) && moved(our) === moved(their);
  const spine = moved(their) && !moved(our) ? their : our;

  const [ourRuns, theirRuns] = [runsOf(ours, common, kept), runsOf(theirs, common, kept)];
  const names: string[] = [];
  for (const name of [undefined, ...spine]) {
    if (name !== undefined) names.push(name);
    names.push(...interleave(ourRuns.get(name) ?? [], theirRuns.get(name) ?? []));
  }
  return { names, clash };
}

/** What only one side has, by the common name that it stands behind. */
function runsOf(names: readonly string[], common: ReadonlySet<string>, kept: (name: string) => boolean) {
  const runs = new Map<string | undefined, string[]>();
  let behind: string | undefined;
  for (const name of names) {
    if (common.has(name)) behind = name;
    else if (kept(name)) runs.set(behind, [...(runs.get(behind) ?? []), name]);
  }
  return runs;
}

/** Merges two runs as PostgreSQL's jsonb orders names (by length in bytes, then by bytes), so that what it sorted stays sorted. */
function interleave(ours: readonly string[], theirs: readonly string[]): string[] {
  const merged: string[] = [];
  let [i, j] = [0, 0];
  while (i < ours.length && j < theirs.length) merged.push(precedes(ours[i]!, theirs[j]!) ? ours[i++]! : theirs[j++]!);
  return [...merged, ...ours.slice(i), ...theirs.slice(j)];
}

function precedes(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length ? one.compare(other) < 0 : one.length < other.length;
}

function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}
