import { expect, test } from "vitest";
import type { EnvironmentConfig } from "../../../src/config/config.js";
import { findEnvironment, findWeave } from "../../../src/config/config.js";
import { configDigest } from "../../../src/config/digest.js";
import { loadConfig } from "../../../src/config/load.js";
import { pointersFor, rulesFor } from "../../../src/config/rules.js";
import { effectiveConfig } from "../../../src/config/show.js";
import { failure } from "../../support/problems.js";
import { designExample } from "./example.js";

const load = (text: string) => loadConfig([{ path: "weave-configs/a.yaml", text }]);
const small = `apiVersion: heddle/v1
kind: Weave
metadata: { name: catalog }
spec:
  source: { url: "\${CATALOG_URL}" }
  select: [{ dataset: products }]
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: staging }
spec:
  database: { url: "postgres://me:\${PW}@h/d" }
  weaves: [catalog]
  apply: { prune: none }
`;

test("the effective configuration: defaults filled in and marked", async () => {
  expect(effectiveConfig(await load(small))).toMatchInlineSnapshot(`
    "# weave-configs/a.yaml:3
    apiVersion: heddle/v1
    kind: Weave
    metadata:
      name: catalog
    spec:
      source:
        url: \${CATALOG_URL}
        rowSecurity: refuse # default
      maxDeletes: 5% # default
      maxEntries: 1000000 # default
      select:
        - dataset: products
      transform: [] # default
      validate: [] # default
    ---
    # weave-configs/a.yaml:10
    apiVersion: heddle/v1
    kind: Environment
    metadata:
      name: staging
      formerly: [] # default
    spec:
      database:
        url: postgres://me:\${PW}@h/d
      weaves:
        - catalog
      overlay: [] # default
      map: {} # default
      identify: {} # default
      references: {} # default
      ignore: {} # default
      local: {} # default
      redact: {} # default
      apply:
        prune: none
        maxDeletes: 5% # default
        maxChanges: 100% # default
        onDrift: overwrite # default; keep where this database is a source of one of the weaves
        onConflict: fail # default
        atomic: auto # default
        order: forward # default
        protected: false # default
      hooks:
        preApply: [] # default
        postApply: [] # default
        verify: [] # default
      notify: [] # default
    "
  `);
});

test("the effective configuration is a configuration that says the same", async () => {
  const config = await load(designExample);
  const again = await load(effectiveConfig(config));
  expect(again.weaves.map(configDigest)).toEqual(config.weaves.map(configDigest));
  expect(again.environments.map(configDigest)).toEqual(config.environments.map(configDigest));
});

test("the digest changes with what is said, not with how", async () => {
  const digest = async (text: string) => configDigest((await load(text)).environments[0]!);
  const first = await digest(small);
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(
    await digest(small.replace("apply: { prune: none }", "# comment\n  apply:\n    maxDeletes: 5%\n    prune: 'none'")),
  ).toBe(first);
  const changes = [
    ["prune: none", "prune: owned"],
    ["prune: none", "prune: none, maxDeletes: 6%"],
    ["${PW}", "${PW2}"],
    ["weaves:", "ignore: { products: [/a] }\n  weaves:"],
    ["weaves:", "overlay: [{ for: products, steps: [{ merge: { place: 1 } }] }]\n  weaves:"],
    ["weaves:", "overlay: [{ for: products, steps: [{ merge: { place: 2 } }] }]\n  weaves:"],
    ["weaves:", "overlay: [{ for: products, steps: [{ merge: { document: 2, at: 3 } }] }]\n  weaves:"],
  ];
  const digests = await Promise.all(changes.map(([from, to]) => digest(small.replace(from!, to!))));
  expect(new Set([first, ...digests]).size).toBe(changes.length + 1);
});

test("the digest of a weave covers selection, steps and mask key's name", async () => {
  const digest = async (text: string) => configDigest((await load(text)).weaves[0]!);
  const changes = [
    ["{ dataset: products }", "{ dataset: products, where: a }"],
    ["select:", 'maskKey: "${A}"\n  select:'],
    ["select:", 'maskKey: "${B}"\n  select:'],
    ["CATALOG_URL", "OTHER_URL"],
  ];
  const digests = await Promise.all([digest(small), ...changes.map(([from, to]) => digest(small.replace(from!, to!)))]);
  expect(new Set(digests).size).toBe(changes.length + 1);
});

test("rules of a dataset: prune by name, then by glob; onDrift by place; pointers of all that match", async () => {
  const config = await load(
    small
      .replace(
        "apply: { prune: none }",
        'apply: { prune: { "p*": none, products: mirror, "*": owned } }\n  ignore: { "*": [/a], products: [/b, /a], public.products: [/c] }\n  local: { "x*": [/l] }',
      )
      .replace("{ dataset: products }", '{ dataset: "*" }'),
  );
  const environment = config.environments[0]!;
  const context = { isSource: false, picked: false };
  expect(rulesFor(environment, "products", context)).toEqual({
    prune: "mirror",
    onDrift: "overwrite",
    onConflict: "fail",
    ignore: ["/a", "/b", "/c"],
    local: [],
  });
  expect(rulesFor(environment, "prices", context)).toMatchObject({ prune: "none", ignore: ["/a"] });
  expect(rulesFor(environment, "x1", context)).toMatchObject({ prune: "owned", local: ["/l"] });
  expect(rulesFor(environment, "x1", { isSource: true, picked: true })).toMatchObject({
    prune: "none",
    onDrift: "keep",
  });
  expect(rulesFor(environment, "products", { isSource: false, picked: true }).prune).toBe("mirror");
  const strict = { ...environment, apply: { ...environment.apply, onDrift: "fail" } } as EnvironmentConfig;
  expect(rulesFor(strict, "x1", { isSource: true, picked: false }).onDrift).toBe("fail");
  expect(pointersFor({ "a*": ["/x"], b: ["/y"] }, "ab")).toEqual(["/x"]);
});

test("unknown names are HDL104 with the nearest", async () => {
  const config = await load(small);
  expect(findWeave(config, "catalog").name).toBe("catalog");
  expect(findEnvironment(config, "staging").name).toBe("staging");
  const error = await failure(() => findEnvironment(config, "stagin"));
  expect([error.code, error.message, error.hint]).toEqual([
    "HDL104",
    'there is no environment named "stagin"',
    'did you mean "staging"? there are: staging',
  ]);
  expect((await failure(() => findWeave(config, "x"))).hint).toBe("there are: catalog");
});
