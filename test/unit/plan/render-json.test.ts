import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { renderJson } from "../../../src/plan/render-json.js";
import { reportSchema } from "../../../src/plan/report-schema.js";
import type { RenderContext } from "../../../src/plan/show.js";
import { context, manyChanges, missing, plan } from "./sample-plan.js";

async function json(): Promise<string> {
  let all = "";
  for await (const piece of renderJson(plan, missing, context, { binding: "b" })) all += piece;
  return all;
}

describe("renderJson", () => {
  it("is what the schema says", async () => {
    const report = JSON.parse(await json());
    const validate = new Ajv2020().compile(reportSchema());
    expect([validate(report), validate.errors]).toEqual([true, null]);
    expect(validate({ ...report, more: 1 })).toBe(false);
    expect(report).toMatchObject({
      binding: "b",
      counts: { created: 1, updated: 1, deleted: 1 },
      datasets: [{ dataset: "products", kept: [{ name: "heddle", why: "drift" }] }],
    });
    const [loom] = report.datasets[0].changes;
    expect(loom.fields[0]).toEqual({
      path: "/price",
      label: "git",
      from: "10",
      to: '{"$numberDouble":"10.0"}',
      types: "int32 → double",
    });
  });

  it("promise 10: hides the same values as the text", async () => {
    expect(await json()).not.toMatch(/DE00|DE11|x\.example/);
  });

  it("reads values as it is asked for them, and keeps none", async () => {
    let read = 0;
    const counting: RenderContext = {
      ...context,
      readValues: async (_, changes) => {
        read += changes.length;
        return new Map();
      },
    };
    let pieces = 0;
    for await (const _ of renderJson(manyChanges(20_000, String), [], counting)) {
      pieces++;
      expect(read).toBeLessThanOrEqual(pieces + 500);
    }
    expect(read).toBe(20_000);
  });
});
