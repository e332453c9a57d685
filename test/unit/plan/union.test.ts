import { describe, expect, it } from "vitest";
import type { Dataset } from "../../../src/model/dataset.js";
import type { Side } from "../../../src/plan/side.js";
import { unionOf } from "../../../src/plan/union.js";

function part(name: string, more: Partial<Dataset>): Side {
  return {
    dataset: {
      engine: "memory",
      name: "people",
      key: ["id"],
      selection: name,
      oneWay: false,
      layout: { kind: "files", fanout: 0 },
      ...more,
    },
    files: new Map([[`${name}.json`, name]]),
    shaped: false,
    nameOf: () => `${name}.json`,
    async *read(files) {
      yield files.map(([name]) => ({ name, key: name, fields: new Map() }));
    },
  };
}

describe("unionOf", () => {
  const eu = part("eu", {});
  const us = part("us", { masked: ["email"], oneWay: true });

  it("is masked and one-way as soon as one weave is, and the same in every order", () => {
    const either = [unionOf([eu, us])!, unionOf([us, eu])!];
    expect(either[0]!.dataset).toEqual(either[1]!.dataset);
    expect(either[0]!.dataset).toMatchObject({ masked: ["email"], oneWay: true });
  });

  it("refuses entries that two weaves hold, and parts of another shape", () => {
    expect(() => unionOf([eu, part("eu", {})])).toThrow(expect.objectContaining({ code: "HDL209" }));
    expect(() => unionOf([eu, part("us", { key: ["sku"] })])).toThrow(expect.objectContaining({ code: "HDL209" }));
  });
});
