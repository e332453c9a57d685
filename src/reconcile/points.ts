/** The moments of an apply at which test/e2e/faults.test.ts kills it; a chunk is what goes into one transaction. */
export const points = [
  "journal-opened",
  "before-lock",
  "after-lock",
  "after-fences",
  "before-write",
  "after-write",
  "before-record",
  "before-commit",
  "after-commit",
] as const;

export type Point = (typeof points)[number];
