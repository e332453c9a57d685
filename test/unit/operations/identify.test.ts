import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { HeddleError } from "../../../src/model/errors.js";
import { drift } from "../../../src/operations/drift.js";
import { plan } from "../../../src/operations/plan.js";
import { undo } from "../../../src/operations/undo.js";
import { renderJson } from "../../../src/plan/render-json.js";
import { renderText } from "../../../src/plan/render-text.js";
import { onDatabase, rowVersions } from "../../support/postgres-client.js";
import { makeTwin } from "../../support/twin.js";

type Twin = Awaited<ReturnType<typeof makeTwin>>;

const shop = `
  CREATE TABLE products (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sku text NOT NULL UNIQUE, name text);
  CREATE TABLE variants (id serial PRIMARY KEY, product_id int NOT NULL REFERENCES products, size text NOT NULL, price int,
    UNIQUE (product_id, size));
  CREATE TABLE notes (product_id int PRIMARY KEY REFERENCES products ON DELETE CASCADE, text text);
  CREATE TABLE categories (id bigserial PRIMARY KEY, slug text NOT NULL UNIQUE, up bigint REFERENCES categories);
  CREATE TABLE sorted (product_id int REFERENCES products, category_id bigint REFERENCES categories, place int,
    PRIMARY KEY (product_id, category_id))`;
const identify = "identify: { products: [sku], variants: [product_id, size], categories: [slug] }";
const goods = `
  INSERT INTO products (sku, name) VALUES ('a', 'A'), ('b', 'B');
  INSERT INTO variants (product_id, size, price) VALUES (1, 'S', 10), (1, 'L', 20), (2, 'S', 30);
  INSERT INTO notes VALUES (1, 'about A');
  INSERT INTO categories (slug, up) VALUES ('all', NULL), ('chairs', 1);
  INSERT INTO sorted VALUES (1, 2, 1), (2, 2, 2)`;
/** The same shop, but that its ids are others. */
const other = `
  INSERT INTO products OVERRIDING SYSTEM VALUE VALUES (71, 'b', 'B'), (72, 'a', 'A');
  INSERT INTO variants VALUES (500, 72, 'S', 10), (501, 71, 'S', 30)`;

/** What both hold, told by natural keys alone. */
const contents = `
  SELECT format('%s %s', sku, name) AS row FROM products
  UNION ALL SELECT format('%s %s %s', sku, size, price) FROM variants JOIN products p ON p.id = product_id
  UNION ALL SELECT format('%s: %s', sku, text) FROM notes JOIN products p ON p.id = product_id
  UNION ALL SELECT format('%s < %s', c.slug, u.slug) FROM categories c LEFT JOIN categories u ON u.id = c.up
  UNION ALL SELECT format('%s in %s at %s', sku, slug, place) FROM sorted JOIN products p ON p.id = product_id
    JOIN categories c ON c.id = category_id
  ORDER BY 1`;
const held = async ({ rows }: Twin) => (await rows(contents)).map(({ row }) => row as string);
const wanted = [
  ...["a A", "a in chairs at 1", "a L 20", "a S 10", "a: about A", "all < ", "b B", "b in chairs at 2", "b S 30"],
  "chairs < all",
];
const changes = ({ datasets }: Awaited<ReturnType<typeof plan>>["plan"]) =>
  datasets.flatMap((part) => part.changes.map(({ kind, name }) => `${kind} ${part.dataset.name}/${name}`));
const undoIn = ({ project }: Twin) =>
  undo({ directory: project.directory, environment: "copy", grants: { allowDeletes: 99, allowEmpty: true } });

describe("identify", () => {
  test("rows are the same by natural key; new ones get the database's own ids, and what refers to them follows", async () => {
    const twin = await makeTwin(shop, { spec: identify });
    await twin.want(goods);
    await twin.rows(other);
    const first = await twin.apply();
    expect(changes(first.plan)).toEqual([
      ...["create categories/all.json", "create categories/chairs.json", "create notes/a~eebed6f0ff8e1ec8.json"],
      ...["create sorted/a,chairs~149307c25c895b3e.json", "create sorted/b,chairs~14a3c281879da03a.json"],
      "create variants/a,L~0acea56f6a424fe0.json",
    ]);
    expect(await held(twin)).toEqual(wanted);
    expect(await twin.rows("SELECT id FROM products ORDER BY id")).toEqual([{ id: 71 }, { id: 72 }]);
    const before = await rowVersions(twin.copy);
    expect((await twin.apply()).written).toBe(false);
    expect(await rowVersions(twin.copy)).toBe(before);
    const { drifted } = await drift({ directory: twin.project.directory, environment: "copy" });
    expect(drifted).toBe(false);
  });

  test("a changed natural key is a delete and a create, and is said; references and the rest follow; undo goes back", async () => {
    const twin = await makeTwin(shop, { spec: `${identify}\n  apply: { maxDeletes: 100% }` });
    await twin.want(goods);
    await twin.rows(other);
    await twin.apply();
    const before = await twin.rows("SELECT * FROM variants ORDER BY id");
    // 3 comes, with children; a becomes c under its old id; L goes; S of b moves to the new product.
    await twin.want(`INSERT INTO products (sku, name) VALUES ('n', 'New');
      INSERT INTO variants (product_id, size, price) VALUES (3, 'M', 5);
      INSERT INTO notes VALUES (3, 'about N');
      INSERT INTO categories (slug, up) VALUES ('seats', 1); UPDATE categories SET up = 3 WHERE slug = 'chairs';
      UPDATE products SET sku = 'c' WHERE sku = 'a';
      DELETE FROM variants WHERE size = 'L'; UPDATE variants SET product_id = 3, price = 31 WHERE price = 30`);
    const { plan: made } = await twin.apply();
    expect(made.notes).toEqual([
      "products: 1 entry has another sku than was applied: by that they are others, to delete and to create",
      "variants: 2 entries have another product_id, size than was applied: by that they are others, to delete and to create",
    ]);
    const source = await makeContents(twin);
    expect(await held(twin)).toEqual(source);
    expect((await twin.apply()).written).toBe(false);
    expect((await drift({ directory: twin.project.directory, environment: "copy" })).drifted).toBe(false);
    await undoIn(twin);
    expect(await held(twin)).toEqual(wanted);
    // What was deleted comes back under the ids that it had.
    expect(await twin.rows("SELECT * FROM variants ORDER BY id")).toEqual(before);
    // The undo is taken back as well.
    await undoIn(twin);
    expect(await held(twin)).toEqual(source);
  }, 120_000);

  test("drift of a reference is seen and taken back; ids of rows that came by themselves do not matter", async () => {
    const twin = await makeTwin(shop, { spec: identify });
    await twin.want(goods);
    await twin.rows(other);
    await twin.apply();
    await twin.rows(`INSERT INTO products (sku, name) VALUES ('own', 'Own'); UPDATE sorted SET place = 9 WHERE product_id = 71;
      UPDATE categories SET up = id WHERE slug = 'chairs'`);
    const found = await drift({ directory: twin.project.directory, environment: "copy" });
    expect(changes(found.plan)).toEqual([
      "update categories/chairs.json",
      "update sorted/b,chairs~14a3c281879da03a.json",
    ]);
    await twin.apply();
    expect(await held(twin)).toEqual([...wanted, "own Own"]);
  });
});

describe("what cannot be identified is refused before anything is written", () => {
  const refused = async (schema: string, spec: string, sql: string, there: string) => {
    const twin = await makeTwin(schema, { spec });
    await twin.want(sql);
    await twin.rows(there);
    const before = await rowVersions(twin.copy);
    const error = await twin.apply().then(
      () => undefined,
      (error: HeddleError) => error,
    );
    expect(await rowVersions(twin.copy)).toBe(before);
    return [
      error?.code,
      ...(error?.problems ?? []).map(({ dataset, key, message }) => [dataset, key, message].join(" | ")),
    ];
  };

  test("natural keys that are null or not unique, on either side: all are listed", async () => {
    const schema = "CREATE TABLE t (id serial PRIMARY KEY, code text)";
    const twice = "INSERT INTO t (code) VALUES ('a'), ('a'), (NULL), ('b')";
    expect(await refused(schema, "identify: { t: [code] }", "INSERT INTO t (code) VALUES ('a')", twice)).toEqual([
      "HDL209",
      "t | [2] | has the same code as another entry",
      "t | [3] | has no code",
    ]);
    expect(await refused(schema, "identify: { t: [code] }", twice, "SELECT")).toEqual([
      "HDL209",
      "t | 2 | has the same code as another entry",
      "t | 3 | has no code",
    ]);
  });

  test("natural keys in a ring, columns that are not there, ids that nothing makes, foreign keys that only git knows", async () => {
    const ring = `CREATE TABLE a (id serial PRIMARY KEY, b int); CREATE TABLE b (id serial PRIMARY KEY, a int REFERENCES a);
      ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b`;
    const message = "its natural key refers to entries that are identified by this dataset itself";
    expect(await refused(ring, "identify: { a: [b], b: [a] }", "SELECT", "SELECT")).toEqual([
      "HDL206",
      `a |  | ${message}`,
      `b |  | ${message}`,
    ]);
    const bare = "CREATE TABLE t (id int PRIMARY KEY, code text UNIQUE NOT NULL)";
    const row = "INSERT INTO t VALUES (1, 'a')";
    expect(await refused(bare, "identify: { t: [cod] }", row, "SELECT")).toEqual([
      "HDL206",
      "t |  | identify names it, but the table has no such column",
    ]);
    expect(await refused(bare, "identify: { t: [code] }", row, "SELECT")).toEqual(["HDL206", "t |  | has no default"]);
    const child = `${bare}; CREATE TABLE u (id int PRIMARY KEY, t int REFERENCES t)`;
    expect(
      await refused(
        child,
        "identify: { t: [code] }",
        `${row}; INSERT INTO u VALUES (1, 1)`,
        "ALTER TABLE u DROP CONSTRAINT u_t_fkey",
      ),
    ).toEqual(["HDL206", "u |  | refers to t in git, but the database has no such foreign key"]);
  });

  test("an entry that refers to one that git does not have", async () => {
    const schema = `CREATE TABLE t (id serial PRIMARY KEY, code text UNIQUE NOT NULL);
      CREATE TABLE u (id int PRIMARY KEY, t int REFERENCES t)`;
    const twin = await makeTwin(schema, { spec: "identify: { t: [code] }" });
    await twin.want("INSERT INTO t VALUES (1, 'a'); INSERT INTO u VALUES (1, 1)");
    const { project } = twin;
    project.git("rm", "-q", "data/all/t/1.json");
    project.commitAll();
    await expect(twin.apply()).rejects.toMatchObject({
      code: "HDL400",
      problems: [{ dataset: "u", key: "1", path: "/t", message: "refers to an entry of t that git does not have" }],
    });
  });
});

describe("identify, more", () => {
  test("C23: a natural key that the database spells otherwise is the same row, and is renamed", async () => {
    const schema = `CREATE EXTENSION citext; CREATE TABLE t (id serial PRIMARY KEY, code citext UNIQUE NOT NULL, n int);
      CREATE TABLE u (id int PRIMARY KEY, t int REFERENCES t)`;
    const twin = await makeTwin(schema, { spec: "identify: { t: [code] }" });
    await twin.want("INSERT INTO t VALUES (1, 'abc', 1); INSERT INTO u VALUES (1, 1)");
    await twin.rows("INSERT INTO t VALUES (30, 'ABC', 1); INSERT INTO u VALUES (1, 30)");
    const { plan: made } = await twin.apply({ grants: { adopt: true } });
    expect(changes(made)).toEqual(["update t/abc.json", "update u/1.json"]);
    expect(await twin.rows("SELECT t.*, u.t FROM t JOIN u ON u.t = t.id")).toEqual([
      { id: 30, code: "abc", n: 1, t: 30 },
    ]);
    expect((await twin.apply()).written).toBe(false);
  });

  test("a composite foreign key, a key that is a foreign key, and one over it follow the id that they lead to", async () => {
    const schema = `CREATE TABLE firms (id serial PRIMARY KEY, name text UNIQUE NOT NULL);
      CREATE TABLE goods (firm int REFERENCES firms, no serial, code text NOT NULL, PRIMARY KEY (firm, no), UNIQUE (firm, code));
      CREATE TABLE details (firm int, no int, text text, PRIMARY KEY (firm, no), FOREIGN KEY (firm, no) REFERENCES goods);
      CREATE TABLE lines (id int PRIMARY KEY, firm int, no int, FOREIGN KEY (firm, no) REFERENCES details)`;
    const twin = await makeTwin(schema, { spec: "identify: { firms: [name], goods: [firm, code] }" });
    await twin.want(`INSERT INTO firms (name) VALUES ('x'), ('y'); INSERT INTO goods (firm, code) VALUES (1, 'a'), (2, 'a');
      INSERT INTO details VALUES (1, 1, 'xa'), (2, 2, 'ya'); INSERT INTO lines VALUES (1, 2, 2), (2, NULL, NULL)`);
    await twin.rows("INSERT INTO firms VALUES (8, 'y'); INSERT INTO goods VALUES (8, 80, 'a')");
    await twin.apply();
    expect(await twin.rows("SELECT firm, no, text FROM details ORDER BY text DESC")).toEqual([
      { firm: 8, no: 80, text: "ya" },
      { firm: 9, no: 81, text: "xa" },
    ]);
    expect(await twin.rows("SELECT * FROM lines ORDER BY id")).toEqual([
      { id: 1, firm: 8, no: 80 },
      { id: 2, firm: null, no: null },
    ]);
    expect((await twin.apply()).written).toBe(false);
  });

  test("promise 10: a natural key that is redacted is shown nowhere: not as name, key, or reference to it", async () => {
    const schema = `CREATE TABLE users (id serial PRIMARY KEY, email text UNIQUE NOT NULL);
      CREATE TABLE posts (id int PRIMARY KEY, author int REFERENCES users)`;
    const twin = await makeTwin(schema, { spec: "identify: { users: [email] }\n  redact: { users: [/email] }" });
    await twin.want("INSERT INTO users VALUES (1, 'canary@example.org'); INSERT INTO posts VALUES (1, 1)");
    let shown = "";
    await plan({
      directory: twin.project.directory,
      environment: "copy",
      present: async ({ plan, missing, context }) => {
        for await (const { text } of renderText(plan, missing, context)) shown += text;
        for await (const piece of renderJson(plan, missing, context)) shown += piece;
      },
    });
    expect(shown).toContain("(redacted)");
    expect(shown).not.toContain("canary");
  });

  test("a saved plan binds map and identify", async () => {
    const twin = await makeTwin(shop, { spec: identify });
    await twin.want(goods);
    const out = twin.project.beside("plan.json");
    await plan({ directory: twin.project.directory, environment: "copy", out });
    const config = "weave-configs/heddle.yaml";
    const text = readFileSync(join(twin.project.directory, config), "utf8");
    twin.project.write(config, text.replace("categories: [slug]", "notes: [text]"));
    twin.project.commitAll();
    await expect(twin.apply({ plan: out, grants: {} })).rejects.toMatchObject({ code: "HDL607" });
  });
});

/** What the source holds, as the copy's contents are told. */
async function makeContents({ source }: Twin): Promise<string[]> {
  return (await onDatabase(source, contents)).map(({ row }) => row as string);
}
