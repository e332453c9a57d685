import { describe, expect, it } from "vitest";
import type { Change, DatasetPlan, Plan } from "../../../src/plan/plan.js";
import { budget, flagsFor, type Grants, missingConsents, policy } from "../../../src/plan/policy.js";

const changes = (kind: Change["kind"], count: number, label: Change["label"] = "git"): Change[] =>
  Array.from({ length: count }, (_, i) => ({ kind, label, key: `[${i}]`, name: `${i}.json`, fields: [] }));

const part = (more: Partial<DatasetPlan>): DatasetPlan => ({
  weave: "w",
  dataset: {
    engine: "memory",
    name: "products",
    key: ["id"],
    selection: "",
    oneWay: false,
    layout: { kind: "files", fanout: 0 },
  },
  changes: [],
  blocked: [],
  kept: [],
  owned: 100,
  wanted: 100,
  adopted: 0,
  released: 0,
  ...more,
});

const planOf = (datasets: DatasetPlan[], more: Partial<Plan> = {}): Plan => ({
  version: 1,
  id: "p",
  environment: "production",
  revision: "r",
  trees: {},
  identity: "i",
  notes: [],
  datasets,
  takesBack: [],
  intoSource: [],
  held: [],
  protected: false,
  limits: { maxDeletes: { share: 0.05 }, maxChanges: { share: 1 } },
  ...more,
});

const missing = (plan: Plan, grants: Grants = {}) =>
  missingConsents(policy(plan), grants, "production").map(({ flag }) => flag);

describe("promise 4: consents", () => {
  it("a share is rounded up", () => {
    expect(budget({ share: 0.05 }, 1)).toBe(1);
    expect(budget({ share: 0.05 }, 100)).toBe(5);
    expect(budget({ share: 0.07 }, 100)).toBe(7);
    expect(budget({ share: 0 }, 100)).toBe(0);
    expect(budget({ count: 3 }, 100)).toBe(3);
  });

  it("what grants all of it: numbers of several datasets are added up", () => {
    const datasets = [
      part({ changes: changes("delete", 60) }),
      part({ changes: [...changes("delete", 7), ...changes("update", 1, "adopt")] }),
      part({ changes: changes("delete", 100), wanted: 0 }),
    ];
    const plan = planOf(datasets, { protected: true });
    const flags = flagsFor(missingConsents(policy(plan), {}, "production"));
    expect(flags).toEqual(["--confirm production", "--allow-deletes 167", "--adopt", "--allow-empty"]);
    const grants: Grants = { confirm: "production", allowDeletes: 167, adopt: true, allowEmpty: true };
    expect(missing(plan, grants)).toEqual([]);
    expect(missing(plan, { ...grants, allowDeletes: 166 })).not.toEqual([]);
    expect(flagsFor([{ kind: "atomic", count: 2, reason: "", flag: "apply.atomic: auto" }])).toEqual([]);
  });

  it("deletes within the budget need nothing, over it a flag with the number", () => {
    expect(missing(planOf([part({ changes: changes("delete", 5) })]))).toEqual([]);
    const plan = planOf([part({ changes: changes("delete", 6) })]);
    expect(missing(plan)).toEqual(["--allow-deletes 6"]);
    expect(missing(plan, { allowDeletes: 5 })).toEqual(["--allow-deletes 6"]);
    expect(missing(plan, { allowDeletes: 6 })).toEqual([]);
  });

  it("the number covers all datasets together", () => {
    const plan = planOf([part({ changes: changes("delete", 6) }), part({ changes: changes("delete", 7) })]);
    expect(missing(plan, { allowDeletes: 12 })).toHaveLength(2);
    expect(missing(plan, { allowDeletes: 13 })).toEqual([]);
  });

  it("a dataset that loses all its entries needs one more", () => {
    const plan = planOf([part({ changes: changes("delete", 100), wanted: 0 })]);
    expect(missing(plan)).toEqual(["--allow-deletes 100", "--allow-empty"]);
    expect(missing(planOf([part({ owned: 0, wanted: 0 })]))).toEqual([]);
  });

  it("updates over maxChanges", () => {
    const plan = planOf([part({ changes: changes("update", 2) })], {
      limits: { maxDeletes: { count: 0 }, maxChanges: { count: 1 } },
    });
    expect(missing(plan)).toEqual(["--allow-changes 2"]);
  });

  it("adopting, rolling back, writing into the source, protected environments", () => {
    expect(missing(planOf([part({ changes: changes("update", 1, "adopt") })]))).toEqual(["--adopt"]);
    const back = planOf([], { takesBack: [{ id: "abc", subject: "raise prices" }] });
    expect(missing(back)).toEqual(["--rollback"]);
    expect(policy(back)[0]!.reason).toContain("raise prices");
    expect(missing(planOf([], { intoSource: ["products"] }))).toEqual(["--into-source"]);
    const guarded = planOf([part({ changes: changes("create", 1) })], { protected: true });
    expect(missing(guarded)).toEqual(["--confirm production"]);
    expect(missing(guarded, { confirm: "staging" })).toEqual(["--confirm production"]);
    expect(missing(guarded, { confirm: "production" })).toEqual([]);
    expect(missing(planOf([part({})], { protected: true }))).toEqual([]);
  });
});
