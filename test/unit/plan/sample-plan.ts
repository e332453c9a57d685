import type { Fields, Json } from "../../../src/model/json.js";
import type { DatasetPlan, Plan } from "../../../src/plan/plan.js";
import { missingConsents, policy } from "../../../src/plan/policy.js";
import type { RenderContext } from "../../../src/plan/show.js";

export const entry = (fields: Record<string, Json>): Fields => new Map(Object.entries(fields));

export const products: DatasetPlan = {
  weave: "catalog",
  dataset: {
    engine: "memory",
    name: "products",
    key: ["sku"],
    masked: ["email"],
    selection: "",
    oneWay: false,
    layout: { kind: "files", fanout: 0 },
  },
  changes: [
    {
      kind: "update",
      label: "drift",
      key: '["loom"]',
      name: "loom.json",
      fields: [
        { path: "/price", label: "git" },
        { path: "/size/w", label: "drift" },
        { path: "/email", label: "git" },
        { path: "/supplier", label: "git" },
        { path: "/gone", label: "git" },
      ],
    },
    { kind: "create", label: "git", key: '["shuttle"]', name: "shuttle.json", fields: [] },
    { kind: "delete", label: "git", key: '["old"]', name: "old.json", fields: [] },
  ],
  blocked: [
    {
      kind: "update",
      label: "conflict",
      key: '["reed"]',
      name: "reed.json",
      fields: [{ path: "/price", label: "conflict" }],
    },
  ],
  kept: [{ key: '["heddle"]', name: "heddle.json", why: "drift" }],
  owned: 4,
  wanted: 4,
  adopted: 1,
  released: 2,
};

export const plan: Plan = {
  version: 1,
  id: "p1",
  environment: "staging",
  revision: "1a2b3c",
  trees: { catalog: "t" },
  identity: "i",
  notes: ["the record is a copy's\u001b[31m"],
  datasets: [products],
  takesBack: [],
  intoSource: [],
  held: [],
  protected: true,
  limits: { maxDeletes: { count: 0 }, maxChanges: { share: 1 } },
};

const values: Record<string, { git?: Record<string, Json>; live?: Record<string, Json> }> = {
  "loom.json": {
    git: {
      price: { $numberDouble: "10.0" },
      size: { w: 2 },
      email: "new@x.example",
      supplier: { name: "A", iban: "DE00" },
    },
    live: {
      price: 10,
      size: { w: 1 },
      email: "old@x.example",
      supplier: { name: "B", iban: "DE11" },
      gone: "x".repeat(200),
    },
  },
  "shuttle.json": { git: { sku: "shuttle", note: "a\u202eb\u0007" } },
  "reed.json": { git: { price: 1 }, live: { price: 3 } },
};

export const context: RenderContext = {
  readValues: async (_, changes) =>
    new Map(
      changes.map(({ name }) => [
        name,
        { git: values[name]?.git && entry(values[name].git), live: values[name]?.live && entry(values[name].live) },
      ]),
    ),
  redact: () => ["/supplier/iban"],
  typeName: (value) => (typeof value === "object" ? "double" : typeof value === "number" ? "int32" : typeof value),
};

export const missing = missingConsents(policy(plan), {}, plan.environment);

/** Changes of every kind, `many` of them, whose names, fields and values are `text(i)`. */
export function manyChanges(many: number, text: (i: number) => string): Plan {
  const kinds = ["create", "update", "delete"] as const;
  const changes = Array.from({ length: many }, (_, i) => ({
    kind: kinds[i % 3]!,
    label: "git" as const,
    key: JSON.stringify([i]),
    name: `${i}.json`,
    fields: i % 3 === 1 ? [{ path: `/${text(i)}`, label: "git" as const }] : [],
  }));
  const dataset = { ...products.dataset, name: text(0), masked: [] };
  return { ...plan, datasets: [{ ...products, dataset, changes, blocked: [], kept: [], released: 0, adopted: 0 }] };
}
