import { describe, expect, it } from "vitest";
import type { Reference } from "../../../src/model/dataset.js";
import { orderSteps, sortByReferences } from "../../../src/plan/order.js";
import type { Change, DatasetPlan } from "../../../src/plan/plan.js";

const to = (dataset: string, deferrable = false): Reference => ({
  fields: ["x"],
  dataset,
  to: ["id"],
  ...(deferrable && { deferrable: true }),
});
const sort = (graph: Record<string, Reference[]>) =>
  sortByReferences(Object.entries(graph).map(([name, references]) => ({ name, references }))).map(({ name }) => name);

describe("D27: the order of datasets", () => {
  it("puts parents first, names break ties", () => {
    expect(sort({ track: [to("album"), to("genre")], album: [to("artist")], genre: [], artist: [] })).toEqual([
      "artist",
      "genre",
      "album",
      "track",
    ]);
  });
  it("does not mind self-references and tables outside the plan", () => {
    expect(sort({ employee: [to("employee"), to("office")] })).toEqual(["employee"]);
  });
  it("goes through a deferrable cycle", () => {
    expect(sort({ a: [to("b", true)], b: [to("a")] })).toEqual(["a", "b"]);
  });
  it("refuses another cycle by name", () => {
    expect(() => sort({ a: [to("b")], b: [to("a")] })).toThrow(/cycle: a, b/);
  });
});

describe("orderSteps", () => {
  const change = (kind: Change["kind"]): Change => ({ kind, label: "git", key: "[1]", name: "1.json", fields: [] });
  const plan = (name: string) =>
    ({ dataset: { name }, changes: [change("delete"), change("create"), change("update")] }) as DatasetPlan;
  it("deletes first where nothing refers to the dataset, else last and children first", () => {
    const steps = orderSteps([plan("artist"), plan("album"), plan("track")], (name) => name !== "track");
    expect(steps.map(({ plan, kind }) => `${kind} ${plan.dataset.name}`)).toEqual([
      "delete track",
      "update artist",
      "create artist",
      "update album",
      "create album",
      "update track",
      "create track",
      "delete album",
      "delete artist",
    ]);
  });
});
