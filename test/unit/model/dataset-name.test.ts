import { expect, test } from "vitest";
import { datasetGlob } from "../../../src/model/dataset-name.js";

test("A4: public. may stand before a table's name, and belong to a collection's", () => {
  for (const pattern of ["public.things", "public.th*"]) {
    const matches = datasetGlob(pattern);
    expect([matches("things"), matches("public.things"), matches("sales.things")], pattern).toEqual([
      true,
      true,
      false,
    ]);
  }
  expect(datasetGlob("things")("public.things")).toBe(false);
});
