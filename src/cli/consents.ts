import { Command } from "commander";
import { grantFlags } from "./grants.js";

/**
 * Consents as flags: `allow-deletes=2` is `--allow-deletes 2`. `ENVIRONMENT:adopt` counts for that environment alone. What is no consent grants
 * nothing and comes back in `unknown`. Every flag is made of letters, digits and `-`, so that a shell may split the line.
 */
export function consentFlags(words: readonly string[], environment: string): { flags: string[]; unknown: string[] } {
  const known = new Map(grantFlags(new Command()).options.map(({ long, required }) => [long, required]));
  const flags: { flag: string; value?: string }[] = [];
  const unknown: string[] = [];
  for (const word of words) {
    const [, only, name, value] = /^(?:([a-z0-9-]+):)?([a-z-]+)(?:=([a-z0-9-]+))?$/.exec(word) ?? [];
    const flag = `--${name}`;
    const number = /^--allow-(deletes|changes)$/.test(flag);
    const fits = known.get(flag) === (value !== undefined) && (!number || /^\d{1,9}$/.test(value!));
    if (name === undefined || !known.has(flag) || !fits) unknown.push(word);
    else if (only === undefined || only === environment) flags.push({ flag, ...(value !== undefined && { value }) });
  }
  // The last one counts where one is given twice: the larger number, the environment's own name.
  const rank = ({ value }: { value?: string }) =>
    value === environment ? Number.POSITIVE_INFINITY : Number(value ?? 0) || 0;
  flags.sort((a, b) => (a.flag === b.flag ? rank(a) - rank(b) : a.flag < b.flag ? -1 : 1));
  return { flags: flags.flatMap(({ flag, value }) => (value === undefined ? [flag] : [flag, value])), unknown };
}
