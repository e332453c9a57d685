import { expect, test } from "vitest";
import { findEnvironment } from "../../../src/config/config.js";
import { configDigest } from "../../../src/config/digest.js";
import { loadConfig } from "../../../src/config/load.js";
import { effectiveConfig } from "../../../src/config/show.js";
import { failure, problemLines } from "../../support/problems.js";

const weave = `apiVersion: heddle/v1
kind: Weave
metadata: { name: catalog }
spec: { source: { url: "\${URL}" }, select: [{ dataset: products }, { dataset: orders }] }
`;
const environment = (name: string, spec: string) =>
  `---\napiVersion: heddle/v1\nkind: Environment\nmetadata: { name: ${name} }\nspec:\n${spec.replace(/^/gm, "  ")}\n`;
const load = (...environments: string[]) => loadConfig([{ path: "a.yaml", text: weave + environments.join("") }]);
const problemsOf = async (...environments: string[]) =>
  problemLines((await failure(() => load(...environments))).problems);

const base = environment(
  "base",
  `weaves: [catalog]
ignore: { products: [/updated_at], orders: [/a] }
overlay: [{ for: products, steps: [{ merge: { preview: true } }] }]
apply: { maxDeletes: 1, onDrift: overwrite, prune: { "*": none } }`,
);
const staging = environment(
  "staging",
  `extends: base
database: { url: "\${STAGING}" }
ignore: { products: [/price] }
apply: { maxChanges: 2, prune: { "prod*": owned } }`,
);

test("extends merges mappings and replaces the rest; own globs go first", async () => {
  const config = await load(staging, base);
  expect(config.environments.map(({ name }) => name)).toEqual(["staging"]);
  expect(config.environments[0]).toMatchObject({
    weaves: ["catalog"],
    overlay: [{ for: "products" }],
    ignore: { products: ["/price"], orders: ["/a"] },
    apply: { maxDeletes: { count: 1 }, maxChanges: { count: 2 } },
  });
  expect(Object.keys(config.environments[0]!.apply.prune)).toEqual(["prod*", "*"]);
});

test("an environment without a database is no destination, and one never gets that of another", async () => {
  const config = await load(base, staging, environment("test", `extends: staging\ndatabase: { url: "\${T}" }`));
  const error = await failure(() => findEnvironment(config, "base"));
  expect([error.code, error.message]).toEqual([
    "HDL104",
    "the environment base has no database: it is there to be extended",
  ]);
  expect(findEnvironment(config, "test").database.url.text).toBe("${T}");
  expect(await problemsOf(staging, base, environment("test", "extends: staging"))).toEqual([
    'a.yaml:27:1: "database" is missing',
  ]);
  expect(await problemsOf(base)).toEqual(['a.yaml:9:1: "database" is missing']);
});

test("cycles, unknown names, and mistakes of a base have their own places, once", async () => {
  expect(await problemsOf(base, environment("staging", `extends: bse\ndatabase: { url: "\${S}" }`))).toEqual([
    'a.yaml:9:1: "database" is missing',
    'a.yaml:18:1: "weaves" is missing',
    'a.yaml:19:12: there is no environment named "bse" (did you mean "base"? there are: base)',
  ]);
  const one = environment("one", `extends: two\ndatabase: { url: "\${S}" }\nweaves: [catalog]`);
  const two = environment("two", `extends: one\ndatabase: { url: "\${S}" }\nweaves: [catalog]`);
  expect(await problemsOf(one, two)).toEqual([
    'a.yaml:10:12: "two" extends this environment itself',
    'a.yaml:18:12: "one" extends this environment itself',
  ]);
  const wrong = base.replace("[/updated_at], orders", "[/updated_at], order");
  const other = environment("other", `extends: base\ndatabase: { url: "\${OTHER}" }`);
  expect(await problemsOf(wrong, staging, other)).toEqual([
    'a.yaml:11:38: no dataset that is selected matches "order" (did you mean "orders"? selected: products, orders)',
  ]);
});

test("what is in force is shown, and means the same when it is read", async () => {
  const config = await load(base, staging);
  const shown = effectiveConfig(config);
  expect(shown).toContain("orders:\n      - /a");
  const again = await loadConfig([{ path: "b.yaml", text: shown }]);
  expect(again.environments.map(configDigest)).toEqual(config.environments.map(configDigest));
});
