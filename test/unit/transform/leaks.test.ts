import { expect, test } from "vitest";
import type { Dataset } from "../../../src/model/dataset.js";
import { unmasked } from "../../../src/transform/leaks.js";

const dataset = (masked?: string[]): Dataset => ({
  engine: "postgresql",
  name: "staff",
  key: ["id"],
  ...(masked && { masked }),
  selection: "",
  oneWay: true,
  layout: { kind: "files", fanout: 0 },
});

test("promise 10: a field whose mask was deleted does not come in clear", () => {
  const found = unmasked(dataset(), dataset(["email", "phone"]), ["id", "email", "name"]);
  expect(found.map(({ message }) => message)).toEqual(['the field "email" was masked and would come in clear']);
  expect(unmasked(dataset(["email"]), dataset(["email"]), ["id", "email"])).toEqual([]);
  expect(unmasked(dataset(), undefined, ["email"])).toEqual([]);
});
