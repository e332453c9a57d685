import fc from "fast-check";
import { expect, test } from "vitest";
import type { Select } from "../../../src/config/config.js";
import { globsMeet, selectDatasets } from "../../../src/config/select.js";
import { datasetGlob } from "../../../src/model/dataset-name.js";
import { failure, problemLines } from "../../support/problems.js";

const weave = (...select: Partial<Select>[]) => ({
  select: select.map((entry) => ({ dataset: "", except: [], ...entry })),
  at: (path: string) => ({ file: "a.yaml", line: Number(/\d+/.exec(path)![0]) + 1, column: 1 }),
});
const names = (...args: Parameters<typeof selectDatasets>) =>
  selectDatasets(...args).map(({ name, select }) => `${name} by ${select.dataset}`);

test("names, globs and except", () => {
  const tables = ["products", "ref_a", "ref_b", "ref_tmp", "sales.orders", "users"];
  expect(
    names(weave({ dataset: "public.products" }, { dataset: "ref_*", except: ["ref_t?p"] }, { dataset: "s*s" }), tables),
  ).toEqual(["products by public.products", "ref_a by ref_*", "ref_b by ref_*", "sales.orders by s*s"]);
});

test("globs leave out what is called heddle…; a name may mean it", () => {
  const tables = ["heddle_flags", "heddle.applied", "x"];
  expect(names(weave({ dataset: "*" }), tables)).toEqual(["x by *"]);
  expect(names(weave({ dataset: "heddle_flags" }), tables)).toEqual(["heddle_flags by heddle_flags"]);
});

test("a name goes before every glob, wherever it stands, so that what it omits stays out", () => {
  const users = { dataset: "users", omit: ["password"] };
  for (const entries of [
    [users, { dataset: "*" }],
    [{ dataset: "*" }, users],
    [{ dataset: "*" }, { dataset: "u*" }, users],
  ]) {
    expect(selectDatasets(weave(...entries), ["users"])).toEqual([{ name: "users", select: { except: [], ...users } }]);
  }
});

test("two globs for one dataset are an error: either could be meant", async () => {
  const error = await failure(() => selectDatasets(weave({ dataset: "*" }, { dataset: "ref_*" }), ["ref_a", "x"]));
  expect(error.code).toBe("HDL102");
  expect(problemLines(error.problems)).toEqual([
    'a.yaml:2:1: ref_a is matched by "*" and by "ref_*" (leave it out of one of them with except, or give it an entry of its own)',
  ]);
  expect(names(weave({ dataset: "*", except: ["ref_*"] }, { dataset: "ref_*" }), ["ref_a", "x"])).toEqual([
    "ref_a by ref_*",
    "x by *",
  ]);
});

test("a name that the database does not have is HDL104 with the nearest; a glob may match nothing", async () => {
  const error = await failure(() =>
    selectDatasets(weave({ dataset: "prodcts" }, { dataset: "x*" }, { dataset: "zzz" }), ["products"]),
  );
  expect(error.code).toBe("HDL104");
  expect(problemLines(error.problems)).toEqual([
    'a.yaml:1:1: the database has no "prodcts" (did you mean "products"?)',
    'a.yaml:3:1: the database has no "zzz"',
  ]);
});

test("globsMeet holds exactly where some name matches both", () => {
  const piece = fc.array(fc.constantFrom("a", "b", "*", "?"), { maxLength: 4 }).map((parts) => parts.join(""));
  const texts = [
    "",
    ...["a", "b"].flatMap((x) => [
      x,
      ...["a", "b"].flatMap((y) => [
        x + y,
        ...["a", "b"].flatMap((z) => [
          x + y + z,
          ...["a", "b"].flatMap((w) => [
            x + y + z + w,
            ...["a", "b"].flatMap((v) => [
              x + y + z + w + v,
              ...["a", "b"].flatMap((u) => [
                x + y + z + w + v + u,
                ...["a", "b"].map((t) => x + y + z + w + v + u + t),
              ]),
            ]),
          ]),
        ]),
      ]),
    ]),
  ];
  fc.assert(
    fc.property(piece, piece, (a, b) => {
      const [inA, inB] = [datasetGlob(a), datasetGlob(b)];
      expect(globsMeet(a, b)).toBe(texts.some((text) => inA(text) && inB(text)));
    }),
    { numRuns: 500 },
  );
});
