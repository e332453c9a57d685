// Made-up documents of several kinds, the same at every call.
import { Binary, Decimal128, Double, Int32, Long, ObjectId, Timestamp } from "bson";

const many = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const id = (i) => new ObjectId((i + 1).toString(16).padStart(24, "0"));
const words = "the quick brown fox jumps over the lazy dog größer 西部劇 é".split(" ");
const text = (i, count) => many(count, (n) => words[(i * 7 + n * 3) % words.length]).join(" ");

export const documents = () => ({
  "flags (small, flat)": many(100, (i) => ({
    _id: `flag-${i}`,
    enabled: i % 2 === 0,
    rollout: i % 100,
    owner: "team-a",
    note: text(i, 5),
    parent: null,
  })),
  "products (nested)": many(100, (i) => ({
    _id: id(i),
    sku: `SKU-${i}`,
    name: text(i, 4),
    price: { amount: 19.99 + i, currency: "EUR" },
    tags: many(i % 6, (n) => words[n]),
    variants: many(3, (n) => ({ size: "SML"[n], stock: i * n, weight: 0.25 * n + 0.1, colours: ["red", "blue"] })),
    seo: { title: text(i, 6), keywords: ["a", "b", "c"], links: { self: `/products/${i}` } },
    active: true,
  })),
  "orders (typed)": many(100, (i) => ({
    _id: id(i),
    customer: id(i + 1000),
    total: Decimal128.fromString(`${i}.90`),
    placed: new Date(1_700_000_000_000 + i),
    counter: Long.fromNumber(2 ** 40 + i),
    factor: new Double(i),
    quantity: new Int32(i),
    clock: new Timestamp({ t: i + 1, i }),
    token: new Binary(Buffer.alloc(16, i)),
    lines: many(4, (n) => ({ product: id(n), at: new Date(n), price: Decimal128.fromString(`${n}.50`) })),
  })),
  "articles (long text)": many(20, (i) => ({
    _id: i,
    title: text(i, 8),
    body: `${text(i, 400)}\n"quoted"\n${text(i, 400)}`,
  })),
  "vectors (1,000 fractions)": many(5, (i) => ({ _id: i, values: many(1000, (n) => Math.sin(i + n)) })),
  "wide (500 fields)": many(5, (i) => ({
    _id: i,
    ...Object.fromEntries(many(500, (n) => [`field${n}`, n % 3 ? n : `v${n}`])),
  })),
  "deep (40 levels)": many(20, (i) =>
    many(40, (n) => n).reduce((inner, n) => ({ _id: i, name: `level ${n}`, inner }), {}),
  ),
});
