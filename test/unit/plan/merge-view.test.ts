import { expect, it } from "vitest";
import { mergeView } from "../../../src/plan/merge-view.js";

const files = (text: string) =>
  new Map(
    text
      .split(" ")
      .filter(Boolean)
      .map((pair) => pair.split("=") as [string, string]),
  );

function merge(base: string | undefined, ours: string, theirs: string): string {
  const {
    files: merged,
    added,
    changed,
    removed,
    edited,
    deleted,
    both,
  } = mergeView(base === undefined ? undefined : files(base), files(ours), files(theirs));
  const lists = Object.entries({ added, changed, removed, edited, deleted, both });
  const shown = lists.filter(([, list]) => list.length > 0).map(([name, list]) => `${name} ${list.join(" ")}`);
  return [
    [...merged]
      .map((pair) => pair.join("="))
      .sort()
      .join(" "),
    ...shown,
  ].join("; ");
}

it.each([
  ["first weave", "", "", "a=1 b=1", "a=1 b=1; added a b"],
  ["nothing new", "a=1", "a=1", "a=1", "a=1"],
  ["the source changed", "a=1", "a=1", "a=2", "a=2; changed a"],
  ["the source removed", "a=1 b=1", "a=1 b=1", "b=1", "b=1; removed a"],
  ["the source added", "a=1", "a=1", "a=1 b=1", "a=1 b=1; added b"],
  ["promise 8: an edit in git stays", "a=1", "a=9", "a=1", "a=9; edited a"],
  ["promise 8: an entry added in git stays", "a=1", "a=1 n=1", "a=1", "a=1 n=1; edited n"],
  ["promise 8: an entry deleted in git stays away", "a=1 b=1", "b=1", "a=1 b=1", "b=1; deleted a"],
  ["both changed to the same", "a=1", "a=2", "a=2", "a=2"],
  ["both changed", "a=1", "a=2", "a=3", "a=2; both a"],
  ["edited in git, removed in the source", "a=1", "a=2", "", "a=2; both a"],
  ["deleted in git, changed in the source", "a=1", "", "a=2", "; both a"],
  ["added on both sides differently", "", "a=1", "a=2", "a=1; both a"],
  ["no base: what differs is a conflict", undefined, "a=1 b=1", "a=2 b=1", "a=1 b=1; both a"],
  ["no base: what only git has is a conflict", undefined, "a=1 b=1", "b=1", "a=1 b=1; both a"],
  ["promise 8, no base: what only the source has is a conflict", undefined, "b=1", "a=1 b=1", "b=1; both a"],
] as const)("%s", (_, base, ours, theirs, expected) => {
  expect(merge(base, ours, theirs)).toBe(expected);
});
