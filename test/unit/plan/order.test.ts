import { describe, expect, it } from "vitest";
import type { HeddleError } from "../../../src/model/errors.js";
import { type OrderTable, writeOrder } from "../../../src/plan/order.js";
import type { Change, DatasetPlan } from "../../../src/plan/plan.js";

type To = OrderTable["references"][number];
const to = (dataset: string, more: Partial<To> = {}): To => ({ fields: ["x"], dataset, to: ["id"], ...more });
const tables = (graph: Record<string, To[]>, nullable: string[] = []): OrderTable[] =>
  Object.entries(graph).map(([name, references]) => ({
    name,
    references,
    columns: ["id", "x", "y"].map((field) => ({
      name: field,
      notNull: !nullable.includes(`${name}.${field}`),
      generated: false,
    })),
  }));
const order = (all: OrderTable[], names = all.map(({ name }) => name)) => writeOrder(names, all);

const change = (kind: Change["kind"]): Change => ({ kind, label: "git", key: "[1]", name: "1.json", fields: [] });
const plan = (name: string) =>
  ({ dataset: { name }, changes: [change("delete"), change("create"), change("update")] }) as DatasetPlan;
const steps = (all: OrderTable[]) => {
  const { names, steps } = order(all);
  return steps(names.map(plan)).map(
    ({ plan, kind, without, only }) =>
      `${kind} ${plan.dataset.name}${without ? ` without ${without}` : ""}${only ? ` only ${only}` : ""}`,
  );
};

describe("D27: the order of datasets", () => {
  it("puts parents first, names break ties", () => {
    const all = tables({ track: [to("album"), to("genre")], album: [to("artist")], genre: [], artist: [] });
    expect(order(all).names).toEqual(["artist", "genre", "album", "track"]);
  });
  it("does not mind self-references and tables outside the plan", () => {
    expect(order(tables({ employee: [to("employee"), to("office")] })).names).toEqual(["employee"]);
  });
  it("goes through a deferrable cycle", () => {
    expect(order(tables({ a: [to("b", { deferrable: true })], b: [to("a")] })).names).toEqual(["a", "b"]);
  });
  it("opens other cycles at a nullable column, also where two share a table", () => {
    expect(order(tables({ a: [to("b")], b: [to("a")] }, ["b.x"])).names).toEqual(["b", "a"]);
    const two = { a: [to("b"), to("c", { fields: ["y"] })], b: [to("a")], c: [to("a")], d: [to("a")] };
    expect(order(tables(two, ["a.x", "a.y"])).names).toEqual(["a", "b", "c", "d"]);
  });
  it("refuses a cycle without one and names its constraints, not the tables that only depend on it", () => {
    const all = tables({ a: [to("b", { constraint: "a_fk" })], b: [to("a", { constraint: "b_fk" })], c: [to("a")] });
    let error: HeddleError | undefined;
    try {
      order(all);
    } catch (thrown) {
      error = thrown as HeddleError;
    }
    expect(error).toMatchObject({ code: "HDL206", message: expect.stringMatching(/nullable column: a, b$/) });
    expect(error!.problems.map(({ message }) => message)).toEqual([
      "foreign key a_fk over x refers to b",
      "foreign key b_fk over x refers to a",
    ]);
  });
});

describe("D27: the order of steps", () => {
  it("deletes first where nothing refers to the dataset, else last and children first", () => {
    expect(steps(tables({ track: [to("album")], album: [to("artist")], artist: [] }))).toEqual([
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
  it("creates first and deletes last where rows refer to rows of their own table", () => {
    expect(steps(tables({ tree: [to("tree")] }))).toEqual(["create tree", "update tree", "delete tree"]);
  });
  it("takes two passes over the column that opens a cycle", () => {
    expect(steps(tables({ a: [to("b")], b: [to("a")] }, ["a.x"]))).toEqual([
      "create a without x",
      "update b",
      "create b",
      "create a only x",
      "update a",
      "delete a only x",
      "delete b",
      "delete a",
    ]);
  });
});
