import { expect, test } from "vitest";
import { nearest } from "../../../src/model/nearest.js";

test.each([
  ["omti", ["omit", "pick"], "omit"],
  ["Enviroment", ["Weave", "Environment"], "Environment"],
  ["PRODUCTS", ["products"], "products"],
  ["produts", ["product", "products"], "products"],
  ["a", ["b", "bc"], "b"],
  ["ab", ["cd"], undefined],
  ["x", [], undefined],
  ["completely", ["different", "words"], undefined],
])("%s among %j is %s", (name, candidates, expected) => {
  expect(nearest(name, candidates)).toBe(expected);
});
