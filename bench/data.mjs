// The rows and documents that benchmarks work with: six fields, the same at every call.

export const columns = `id integer PRIMARY KEY, sku text NOT NULL, name text NOT NULL, price numeric(10,2) NOT NULL,
  active boolean NOT NULL, created timestamptz NOT NULL`;

/** SQL: the row of a number i. */
export const generated = `SELECT i, 'SKU-' || i, 'Item number ' || i || ' of the catalogue', (i % 10000) + 0.99, i % 3 = 0,
  timestamptz '2024-01-01 00:00:00+00' + i * interval '1 minute'`;

export function document(i) {
  return {
    _id: i,
    sku: `SKU-${i}`,
    name: `Item number ${i} of the catalogue`,
    price: { amount: (i % 10000) + 0.99, currency: "EUR" },
    active: i % 3 === 0,
    created: new Date(1704067200000 + i * 60_000),
    tags: ["a", "b", "c"].slice(0, i % 4),
  };
}
