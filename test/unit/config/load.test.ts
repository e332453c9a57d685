import fc from "fast-check";
import { expect, test } from "vitest";
import { loadConfig } from "../../../src/config/load.js";
import { readYaml } from "../../../src/config/yaml.js";
import { failure, problemLines } from "../../support/problems.js";
import { designExample } from "./example.js";

const problemsOf = async (...texts: string[]) => {
  const files = texts.map((text, index) => ({ path: `weave-configs/${"abc"[index]}.yaml`, text }));
  const error = await failure(() => loadConfig(files));
  expect(error.code).toBe("HDL102");
  return problemLines(error.problems).map((line) => line.replace("weave-configs/", ""));
};

const weave = (spec: string) =>
  `apiVersion: heddle/v1\nkind: Weave\nmetadata: { name: catalog }\nspec:\n  source: { url: "\${URL}" }\n${spec}`;
const environment = (spec: string, name = "staging") =>
  `apiVersion: heddle/v1\nkind: Environment\nmetadata: { name: ${name} }\nspec:\n  database: { url: "\${STAGING}" }\n${spec}`;

test("every key of the design is read, and what is not written has its default", async () => {
  const { weaves, environments } = await loadConfig([{ path: "weave-configs/heddle.yaml", text: designExample }]);
  expect(weaves).toHaveLength(1);
  expect(weaves[0]).toMatchObject({
    name: "catalog",
    source: { url: { text: "${CATALOG_URL}", place: { line: 5, column: 18 } }, rowSecurity: "refuse" },
    maskKey: { text: "${MASK_KEY}" },
    maxDeletes: { share: 0.05 },
    maxEntries: 1_000_000,
    select: [
      { dataset: "products", where: "active and price > 0", omit: ["internal_notes"], key: ["sku"], except: [] },
      { dataset: "ref_*", except: ["ref_tmp"] },
    ],
    validate: [{ for: "products", schema: "schemas/product.json" }],
  });
  expect(weaves[0]!.transform.map(({ steps }) => steps.map((step) => Object.keys(step)[0]))).toEqual([
    ["patch", "merge", "compute", "rename", "remove", "mask"],
    ["drop"],
  ]);
  expect(environments[0]).toMatchObject({
    name: "staging",
    formerly: [],
    database: { url: { text: "${STAGING_URL}" } },
    weaves: ["catalog"],
    overlay: [{ for: "products", steps: [{ merge: { preview: true } }] }],
    ignore: { products: ["/updated_at"] },
    local: { products: ["/stock"] },
    redact: { products: ["/supplier/iban"] },
    apply: {
      prune: { "*": "owned" },
      maxDeletes: { share: 0.05 },
      maxChanges: { share: 1 },
      onDrift: "overwrite",
      onConflict: "fail",
      atomic: "auto",
      order: "forward",
      protected: false,
    },
  });
});

test("an environment without rules has the defaults, and leaves onDrift open", async () => {
  const config = await loadConfig([
    { path: "a.yaml", text: `${weave("  select: [{ dataset: t }]\n")}\n---\n${environment("  weaves: [catalog]\n")}` },
  ]);
  expect(config.environments[0]!.apply).toEqual({
    prune: { "*": "owned" },
    maxDeletes: { share: 0.05 },
    maxChanges: { share: 1 },
    onConflict: "fail",
    atomic: "auto",
    order: "forward",
    protected: false,
  });
});

test("a file with many mistakes: all of them at once, each with place, what is allowed and the nearest name", async () => {
  const text = `apiVersion: heddle/v2
kind: Weave
metadata: { name: Catalog }
spec:
  source: { url: "postgres://me:hunter2@db/shop", rowSecurity: acept }
  maskKey: hunter2
  maxDeletes: 5
  maxEntries: 0
  select:
    - dataset: products
      omti: [notes]
      pick: []
  transform:
    - for: prodcts
      steps:
        - ptach: [{ op: remove, path: /tmp }]
        - merge: { a: 1 }
          drop: true
        - remove: [tmp]
        - compute: { /slug: "$lowercase(" }
  validate:
    - { for: products, schema: /etc/product.json }
  owner: me
---
apiVersion: heddle/v1
kind: Enviroment
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: staging }
spec:
  database: pglite:./db
  weaves: []
  apply: { prune: ownd, maxChanges: 5 percent, protected: "yes", onDrift: 3 }
`;
  expect(await problemsOf(text)).toMatchInlineSnapshot(`
    [
      "a.yaml:1:13: "heddle/v2" is not possible here (did you mean "heddle/v1"? possible: heddle/v1)",
      "a.yaml:3:19: "Catalog" does not have the form it needs (Lower-case letters, digits and -, at most 63, beginning with a letter or digit.)",
      "a.yaml:5:18: a password written into the URL (put it into a variable, postgres://user:\${DB_PASSWORD}@host/name, or the whole URL: \${DB_URL})",
      "a.yaml:5:64: "acept" is not possible here (did you mean "accept"? possible: refuse, accept)",
      "a.yaml:6:12: a mask key written into the configuration (name a variable instead: maskKey: "\${MASK_KEY}")",
      "a.yaml:8:15: must be at least 1",
      "a.yaml:11:7: unknown key "omti" (did you mean "omit"? possible: dataset, except, where, pick, omit, key, layout)",
      "a.yaml:12:13: must not be empty (Only these fields, and those of the key.)",
      "a.yaml:14:12: no dataset that is selected matches "prodcts" (did you mean "products"? selected: products)",
      "a.yaml:16:11: unknown key "ptach" (did you mean "patch"? possible: patch, merge, compute, rename, remove, drop, mask)",
      "a.yaml:17:11: has more keys than one (One step: exactly one of patch, merge, compute, rename, remove, drop, mask.)",
      "a.yaml:19:20: "tmp" does not have the form it needs (JSON Pointer (RFC 6901) to a field, such as /price or /address/city.)",
      "a.yaml:20:29: not JSONata: Expected ")" before end of expression (character 11)",
      "a.yaml:22:32: not a relative path (write it from the project root, with /: schemas/product.json)",
      "a.yaml:23:3: unknown key "owner" (possible: source, maskKey, maxDeletes, maxEntries, select, transform, validate)",
      "a.yaml:26:7: "Enviroment" is not a kind (did you mean "Environment"? possible: Weave, Environment)",
      "a.yaml:32:13: expected a mapping, found text (The database to apply to. Without one, an environment is there to be extended.)",
      "a.yaml:33:11: must not be empty (Names of the weaves that this database gets.)",
      "a.yaml:34:19: "ownd" is not possible here (did you mean "owned"? possible: owned, mirror, none)",
      "a.yaml:34:37: "5 percent" does not have the form it needs (Updates, of a dataset's owned entries; more needs --allow-changes N. A percentage such as 5%, or a count.)",
      "a.yaml:34:59: expected true or false, found text (true: apply needs --confirm with the environment's name.)",
      "a.yaml:34:75: 3 is not possible here (possible: overwrite, keep, fail)",
    ]
  `);
});

test("problems of several files come in the order of the files", async () => {
  expect(await problemsOf("a: [", weave("  select: [{ dataset: t, wher: x }]\n"), "kind: Nothing")).toEqual([
    "a.yaml:1:5: wrong indentation, or a bracket that is not closed (check what begins above)",
    'b.yaml:6:26: unknown key "wher" (did you mean "where"? possible: dataset, except, where, pick, omit, key, layout)',
    'c.yaml:1:7: "Nothing" is not a kind (possible: Weave, Environment)',
  ]);
});

test("names that refer to each other", async () => {
  const broken = [
    weave("  select: [{ dataset: t }]\n"),
    `${weave("  select: [{ dataset: t }, { dataset: t }, { dataset: u, pick: [a], omit: [b], key: [b] }]\n")}`,
    `${environment("  weaves: [catlog]\n")}\n---\n${environment("  weaves: [catalog]\n", "staging")}`,
  ];
  expect(await problemsOf(...broken)).toMatchInlineSnapshot(`
    [
      "b.yaml:3:19: a second weave named "catalog" (the first is at weave-configs/a.yaml:3)",
      "b.yaml:6:39: "t" is selected a second time (make one entry of the two)",
      "b.yaml:6:75: pick and omit together (keep one of the two)",
      "b.yaml:6:75: omit leaves out "b", which belongs to the key",
      "c.yaml:6:12: there is no weave named "catlog" (did you mean "catalog"? there are: catalog)",
      "c.yaml:11:19: a second environment named "staging" (the first is at weave-configs/c.yaml:3)",
    ]
  `);
});

test("rules for datasets that nothing selects", async () => {
  const rules = `  select: [{ dataset: "ref_*", except: [ref_tmp, "ref_x*"] }, { dataset: public.users }]
  transform:
    - { for: users, steps: [{ drop: true }] }
    - { for: "*", steps: [{ drop: true }] }
    - { for: "?ef_a", steps: [{ drop: true }] }
    - { for: ref_tmp, steps: [{ drop: true }] }
    - { for: user, steps: [{ drop: true }] }
  validate: [{ for: "x*", schema: a.json }]
`;
  const other = `  weaves: [catalog]
  overlay: [{ for: nowhere, steps: [{ drop: true }] }]
  ignore: { users: [/a], usrs: [/b] }
  local: { "a/b": [/x] }
  redact: { "*": [/x] }
  apply: { prune: { users: none, none: none } }
`;
  expect(await problemsOf(weave(rules), environment(other))).toMatchInlineSnapshot(`
    [
      "a.yaml:11:14: no dataset that is selected matches "ref_tmp" (selected: ref_*, users)",
      "a.yaml:12:14: no dataset that is selected matches "user" (did you mean "users"? selected: ref_*, users)",
      "a.yaml:13:21: no dataset that is selected matches "x*" (selected: ref_*, users)",
      "b.yaml:7:20: no dataset that is selected matches "nowhere" (selected: ref_*, users)",
      "b.yaml:8:26: no dataset that is selected matches "usrs" (did you mean "users"? selected: ref_*, users)",
      "b.yaml:9:12: no dataset that is selected matches "a/b" (selected: ref_*, users)",
      "b.yaml:11:34: no dataset that is selected matches "none" (selected: ref_*, users)",
    ]
  `);
});

test("masks need a key, in the weave and in every weave of an overlay", async () => {
  const mask = "[{ for: t, steps: [{ mask: { /a: hash } }] }]";
  const broken = `${weave(`  select: [{ dataset: t }]\n  transform: ${mask}\n`)}\n---\n${environment(`  weaves: [catalog]\n  overlay: ${mask}\n`)}`;
  expect(await problemsOf(broken)).toEqual([
    'a.yaml:7:41: mask needs a key (add maskKey: "${MASK_KEY}" to spec)',
    "a.yaml:16:39: mask needs a key (add maskKey to the weave catalog)",
  ]);
});

test("paths of schemas stay inside the project", async () => {
  const schemas = ["../x.json", "a/../../x.json", "/x.json", "C:\\x.json", "https://x/y.json", "ok/../x.json"];
  const list = schemas.map((path) => `    - { for: t, schema: ${JSON.stringify(path)} }\n`).join("");
  const lines = await problemsOf(weave(`  select: [{ dataset: t }]\n  validate:\n${list}`));
  expect(lines.map((line) => line.replace(/ \(.*/, ""))).toEqual([
    "a.yaml:8:25: a path that leads out of the project",
    "a.yaml:9:25: a path that leads out of the project",
    "a.yaml:10:25: not a relative path",
    "a.yaml:11:25: not a relative path",
    "a.yaml:12:25: not a relative path",
  ]);
});

test("a document with a mistake hides no mistake elsewhere, and causes none", async () => {
  const broken = `${weave("  select: 3\n  maskKey: abc\n")}\n---\n${environment("  weaves: [catalog, other]\n  ignore: { t: [/a] }\n  x: 1\n")}`;
  expect(await problemsOf(broken)).toMatchInlineSnapshot(`
    [
      "a.yaml:6:11: expected a list, found a number (The datasets to weave. A name goes before a glob.)",
      "a.yaml:7:12: a mask key written into the configuration (name a variable instead: maskKey: "\${MASK_KEY}")",
      "a.yaml:15:21: there is no weave named "other" (there are: catalog)",
      "a.yaml:17:3: unknown key "x" (possible: extends, database, weaves, overlay, map, identify, references, ignore, local, redact, apply, hooks, notify)",
    ]
  `);
});

test("no weave is called unknown while a document cannot be read", async () => {
  expect(await problemsOf("x: [", environment("  weaves: [catalog]\n"))).toHaveLength(1);
});

test.each([
  ["5%", { share: 0.05 }],
  ["0.5%", { share: 0.005 }],
  ["100%", { share: 1 }],
  ["0", { count: 0 }],
  ["12", { count: 12 }],
])("a limit of %s", async (text, limit) => {
  const config = await loadConfig([
    { path: "a.yaml", text: weave(`  maxDeletes: ${text}\n  select: [{ dataset: t }]\n`) },
  ]);
  expect(config.weaves[0]!.maxDeletes).toEqual(limit);
});

test.each(["5", "101%", "-1%", "5 %", ".5%", "%", "five"])("a limit of the text %j is refused", async (text) => {
  const lines = await problemsOf(weave(`  maxDeletes: "${text}"\n  select: [{ dataset: t }]\n`));
  expect(lines).toEqual([expect.stringContaining("does not have the form it needs (Of a dataset's files")]);
});

test.each(["-1", "2.5", "true", "[5]", "null"])("a limit of %s is refused", async (text) => {
  expect(await problemsOf(weave(`  maxDeletes: ${text}\n  select: [{ dataset: t }]\n`))).toHaveLength(1);
});

test("a MongoDB filter may be a mapping", async () => {
  const text = weave("  select: [{ dataset: t, where: { price: { $gt: 5 }, name: { $in: [a, b] } } }]\n");
  const config = await loadConfig([{ path: "a.yaml", text }]);
  expect(config.weaves[0]!.select[0]!.where).toBe('{"price":{"$gt":5},"name":{"$in":["a","b"]}}');
});

test("H55: no problem quotes what may be a secret", async () => {
  const canary = "c4n4ry-s3cr3t";
  const url = `postgres://me:${canary}@db/shop`;
  const places = [
    weave(`  select: [{ dataset: t }]\n`).replace("${URL}", url),
    weave(`  select: [{ dataset: t }]\n`).replace('{ url: "${URL}" }', url),
    weave(`  maskKey: ${canary}\n  select: [{ dataset: t }]\n`),
    weave(`  "${url}": 1\n  maxDeletes: "${url}"\n  select: [{ dataset: t }]\n`),
    environment(`  weaves: ["${url}"]\n  apply: { prune: "${url}" }\n`),
    `url: "${url}" x`,
    `url: ${url}: x: y`,
    `url: "${url}\nb: 1`,
    `!<${url}> x`,
    `- *${canary}`,
    `kind: ${url}\n`,
    `%TAG ! tag:${canary}\n---\na: 1`,
    `a: "\\q${canary}"`,
    `{${canary}: ${canary}, ${canary}: 1`,
  ];
  for (const text of places) {
    const error = await failure(() => loadConfig([{ path: "a.yaml", text }]));
    expect(error.problems.length).toBeGreaterThan(0);
    expect(JSON.stringify([error.message, error.problems, String(error.stack)])).not.toContain(canary);
  }
});

test("whatever is broken in a document, all that is thrown is HDL102", async () => {
  const documents = readYaml({ path: "a.yaml", text: designExample }).documents.map(({ value }) => value);
  const paths = documents.flatMap((document, index) => pathsOf(document).map((path) => [String(index), ...path]));
  const replacement = fc.constantFrom(
    undefined,
    null,
    3,
    "x",
    true,
    [],
    {},
    [[]],
    [{}],
    { x: [] },
    { for: 1, steps: {} },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...paths), replacement), { minLength: 1, maxLength: 4 }),
      async (changes) => {
        const broken = structuredClone(documents) as unknown;
        for (const [path, value] of changes) change(broken, path, value);
        const text = (broken as unknown[]).map((document) => `${JSON.stringify(document ?? null)}\n`).join("---\n");
        await loadConfig([{ path: "a.yaml", text }]).catch((error) => {
          if (error.code !== "HDL102") throw error;
          for (const { file, line, column } of error.problems)
            expect([file, line! > 0, column! > 0]).toEqual(["a.yaml", true, true]);
        });
      },
    ),
    { numRuns: 300 },
  );
});

function pathsOf(value: unknown): string[][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => [[name], ...pathsOf(part).map((path) => [name, ...path])]);
}

function change(root: unknown, path: string[], value: unknown): void {
  let around = root as Record<string, unknown> | undefined;
  for (const name of path.slice(0, -1)) around = around?.[name] as Record<string, unknown> | undefined;
  if (typeof around === "object" && around !== null) around[path.at(-1)!] = structuredClone(value);
}

test("what is missing, and no more than that", async () => {
  expect(
    await problemsOf(
      "kind: Weave",
      "kind: Environment\nspec: {}\nmetadata:",
      "apiVersion: heddle/v1\nkind: Weave\nmetadata: { name: c }\nspec: { source: {}, select: [{}], transform: [{}], validate: [{}] }\n",
    ),
  ).toMatchInlineSnapshot(`
    [
      "a.yaml:1:1: "apiVersion" is missing",
      "a.yaml:1:1: "metadata" is missing",
      "a.yaml:1:1: "spec" is missing",
      "b.yaml:1:1: "apiVersion" is missing",
      "b.yaml:2:1: "database" is missing",
      "b.yaml:2:1: "weaves" is missing",
      "b.yaml:3:1: expected a mapping, found nothing",
      "c.yaml:4:9: "url" is missing",
      "c.yaml:4:30: "dataset" is missing",
      "c.yaml:4:47: "for" is missing",
      "c.yaml:4:47: "steps" is missing",
      "c.yaml:4:63: "for" is missing",
      "c.yaml:4:63: "schema" is missing",
    ]
  `);
});
