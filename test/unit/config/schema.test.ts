import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { configSchema } from "../../../src/config/schema.js";
import { readYaml } from "../../../src/config/yaml.js";
import { designExample } from "./example.js";

test("the editor's schema is valid JSON Schema, accepts what loads and finds what does not", () => {
  const validate = new Ajv2020({
    strict: true,
    allowUnionTypes: true,
    strictTypes: false,
    strictRequired: false,
  }).compile(JSON.parse(JSON.stringify(configSchema())));
  const documents = readYaml({ path: "a.yaml", text: designExample }).documents.map(({ value }) => value);
  for (const document of documents) expect(validate(document)).toBe(true);
  for (const [from, to] of [
    ["omit:", "omti:"],
    ["kind: Weave", "kind: Wave"],
    ["owned", "ownd"],
    ["heddle/v1", "v1"],
  ]) {
    const broken = readYaml({ path: "a.yaml", text: designExample.replace(from!, to!) }).documents;
    expect(broken.every(({ value }) => validate(value))).toBe(false);
  }
});

test("schemas/heddle.schema.json is current", () => {
  const path = join(import.meta.dirname, "../../../schemas/heddle.schema.json");
  expect(readFileSync(path, "utf8")).toBe(`${JSON.stringify(configSchema(), null, 2)}\n`);
});
