import { expect, test } from "vitest";
import { show } from "../../../src/operations/show.js";
import { makeTwin } from "../../support/twin.js";

test("--applied tells what an environment had at a time, after its overlay, whatever the branch had then", async () => {
  const twin = await makeTwin("CREATE TABLE products (id int PRIMARY KEY, price int);", {
    spec: `overlay: [{ for: products, steps: [{ compute: { /price: price + 7 } }] }]`,
  });
  const { project } = twin;
  const { directory } = project;
  const shown = async (at?: string) => show({ directory, entry: "products/1", applied: "copy", ...(at && { at }) });
  await expect(shown()).rejects.toMatchObject({ code: "HDL312", hint: expect.stringContaining("heddle history copy") });
  await twin.want("INSERT INTO products VALUES (1, 10)");
  const first = project.git("rev-parse", "HEAD");
  await twin.apply();
  await twin.want("UPDATE products SET price = 20");
  expect(await shown()).toMatchObject({ commit: first, text: expect.stringContaining('"price": 17') });
  const between = new Date().toISOString();
  await twin.apply();
  const second = project.git("rev-parse", "HEAD");
  await twin.want("UPDATE products SET price = 30");
  expect(await shown(between)).toMatchObject({ commit: first, text: expect.stringContaining('"price": 17') });
  expect(await shown()).toMatchObject({ commit: second, text: expect.stringContaining('"price": 27') });
  await expect(shown("2020-01-01T00:00Z")).rejects.toMatchObject({ code: "HDL312" });
  await expect(shown("HEAD")).rejects.toMatchObject({ code: "HDL100" });
});
