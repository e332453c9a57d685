import { expect, test } from "vitest";
import type { Step } from "../../../src/plan/order.js";
import { chunkSize, splitSteps } from "../../../src/reconcile/chunks.js";

const of = (transactions: boolean, transactionLimit?: number) => ({
  capabilities: { snapshots: true, transactions, ...(transactionLimit !== undefined && { transactionLimit }) },
});

test.each([
  ["no limit: one transaction, whatever is asked", of(true), 1_000_000, "never", undefined],
  ["what fits", of(true, 1000), 1000, "auto", undefined],
  ["what does not fit", of(true, 1000), 1001, "auto", 1000],
  ["always is refused by who asks for it, and cut no other way", of(true, 1000), 1001, "always", 1000],
  ["never keeps transactions small", of(true, 1000), 101, "never", 100],
  ["never: what is small anyway", of(true, 1000), 100, "never", undefined],
  ["no transactions: a single change is journaled too", of(false), 1, "auto", 100],
] as const)("B14, B15: %s", (_, database, changes, atomic, size) => {
  expect(chunkSize(database, changes, atomic)).toBe(size);
});

test("steps are cut in their order, chunks are filled over steps, nothing is lost", () => {
  const step = (kind: Step["kind"], count: number, from: number) =>
    ({ kind, changes: Array.from({ length: count }, (_, i) => from + i) }) as unknown as Step;
  const steps = [step("delete", 3, 0), step("update", 5, 3), step("create", 1, 8)];
  const chunks = splitSteps(steps, 4);
  expect(chunks.map((chunk) => chunk.map(({ kind, changes }) => [kind, changes.length]))).toEqual([
    [
      ["delete", 3],
      ["update", 1],
    ],
    [["update", 4]],
    [["create", 1]],
  ]);
  expect(chunks.flat().flatMap(({ changes }) => changes as unknown)).toEqual(Array.from({ length: 9 }, (_, i) => i));
  expect(splitSteps(steps)).toHaveLength(1);
  expect(splitSteps([], 4)).toEqual([[]]);
});
