import { expect, test } from "vitest";
import { configDigest } from "../../../src/config/digest.js";
import { loadConfig } from "../../../src/config/load.js";
import { HeddleError } from "../../../src/model/errors.js";

const load = (notify: string) =>
  loadConfig([
    {
      path: "a.yaml",
      text: `apiVersion: heddle/v1
kind: Weave
metadata: { name: shop }
spec: { source: { url: "\${DB}" }, select: [{ dataset: items }] }
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: copy }
spec:
  database: { url: "\${DB}" }
  weaves: [shop]
  notify: ${notify}
`,
    },
  ]);
const problemsOf = async (notify: string) => {
  const error = await load(notify).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(HeddleError);
  return (error as HeddleError).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
};

test("a webhook is told everything where it does not say what", async () => {
  const { environments } = await load('[{ url: "https://hooks.example.com/${TOKEN}", secret: "${SECRET}" }]');
  expect(environments[0]!.notify).toMatchObject([
    { url: { text: "https://hooks.example.com/${TOKEN}" }, on: ["planned", "applied", "failed", "drifted"] },
  ]);
});

test("secrets in the file, other schemes, unknown words and keys are refused, each at its place, none quoted", async () => {
  expect(await problemsOf('[{ url: "https://ada:pw@example.com", secret: mine }]')).toEqual([
    "12:19 a password written into the URL",
    "12:57 a secret written into the configuration",
  ]);
  expect(await problemsOf('[{ url: "ftp://example.com", secret: "${A}${B}" }]')).toEqual([
    "12:19 not a webhook's URL",
    "12:48 a secret written into the configuration",
  ]);
  const [unknown, missing] = await problemsOf('[{ url: "${A}", secret: "${S}", on: [aplied] }, { url: "${A}" }]');
  expect(unknown).toContain("aplied");
  expect(missing).toContain("secret");
});

test("a saved plan outlives another list of webhooks", async () => {
  const [none, some] = await Promise.all([load("[]"), load('[{ url: "${A}", secret: "${S}" }]')]);
  expect(configDigest(some.environments[0]!)).toBe(configDigest(none.environments[0]!));
});
