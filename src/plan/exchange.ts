/** What one change does to one unique key: the value it gives up and the value it takes, as texts; absent where it does not. */
export interface Claim {
  /** Dataset and unique key. */
  unique: string;
  /** Position of the change's step in the order of writing, and its number in the step. */
  step: number;
  change: number;
  gives?: string;
  takes?: string;
}

export interface Arrangement {
  /** By step and change, which of several turns a change takes; 0 where it is not listed. */
  turns: ReadonlyMap<number, ReadonlyMap<number, number>>;
  /** Claims whose value has to be set aside before anything is written. */
  aside: ReadonlySet<Claim>;
}

/**
 * How values of unique keys pass from entry to entry where the database checks each row as it is written: what takes a
 * value goes after what gives it up, in turns. A value that is given up in a later step, or in a ring, is set aside.
 */
export function arrange(claims: readonly Claim[]): Arrangement {
  const givers = new Map<string, Claim>();
  for (const claim of claims) if (claim.gives !== undefined) givers.set(`${claim.unique}\n${claim.gives}`, claim);
  const aside = new Set<Claim>();
  /** By step and change, the givers it waits for in the same step. */
  const waits = new Map<number, Map<number, Claim[]>>();
  for (const claim of claims) {
    if (claim.takes === undefined || claim.takes === claim.gives) continue;
    const giver = givers.get(`${claim.unique}\n${claim.takes}`);
    if (!giver || giver.step < claim.step) continue;
    if (giver.step > claim.step) aside.add(giver);
    else {
      const step = waits.get(claim.step) ?? new Map<number, Claim[]>();
      waits.set(claim.step, step.set(claim.change, [...(step.get(claim.change) ?? []), giver]));
    }
  }
  const turns = new Map([...waits].map(([step, waiting]) => [step, turnsOf(waiting, aside)]));
  return { turns, aside };
}

function turnsOf(waiting: ReadonlyMap<number, readonly Claim[]>, aside: Set<Claim>): Map<number, number> {
  const turns = new Map<number, number>();
  let rest = new Map(waiting);
  for (let turn = 1; rest.size > 0; turn++) {
    const blocked = (givers: readonly Claim[]) => givers.some((giver) => !aside.has(giver) && rest.has(giver.change));
    let ready = [...rest].filter(([, givers]) => !blocked(givers));
    if (ready.length === 0) {
      // Rings, and what waits for them.
      for (const giver of [...rest.values()].flat()) if (rest.has(giver.change)) aside.add(giver);
      ready = [...rest];
    }
    for (const [change] of ready) turns.set(change, turn);
    rest = new Map([...rest].filter(([change]) => !turns.has(change)));
  }
  return turns;
}
