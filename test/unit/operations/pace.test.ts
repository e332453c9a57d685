import { expect, test } from "vitest";
import { pace } from "../../../src/operations/pace.js";

test.each([
  [{ total: 50_000, done: 20_000, after: 4_000 }, "items, 20,000 of 50,000, 5,000/s, 6 s left"],
  [{ total: 1_000_000, done: 1_000, after: 1_000 }, "items, 1,000 of 1,000,000, 1,000/s, 17 min left"],
  [{ total: 100_000_000, done: 1_000, after: 1_000 }, "items, 1,000 of 100,000,000, 1,000/s, 27.8 h left"],
  [{ total: 10, done: 5, after: 900 }, "items, 5 of 10"],
  [{ total: 10, done: 12, after: 2_000 }, "items, 12, 6/s"],
  [{ total: undefined, done: 5_000, after: 2_000 }, "items, 5,000, 2,500/s"],
  [{ total: 10, done: 10, after: 2_000 }, "items, 10 of 10, 5/s"],
])("%j", ({ total, done, after }, text) => {
  let [time, said] = [1_000_000, ""];
  const tell = pace(
    (line) => {
      said = line;
    },
    "items",
    total,
    () => time,
  );
  time += after;
  tell(done);
  expect(said).toBe(text);
});
