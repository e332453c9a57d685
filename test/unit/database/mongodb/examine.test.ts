import { expect, test } from "vitest";
import { privileges } from "../../../../src/database/mongodb/examine.js";

const user = { user: "app", db: "admin" };
const may = (authenticatedUserPrivileges: object[]) =>
  privileges({ authenticatedUsers: [user], authenticatedUserPrivileges }, "shop");

test("rights follow from what the server tells of the user; where it tells nothing, nothing is claimed", () => {
  expect(privileges(undefined, "shop")).toBeUndefined();
  expect(privileges({ authenticatedUsers: [], authenticatedUserPrivileges: [] }, "shop")).toBeUndefined();
  expect(may([])).toBeUndefined();

  const reader = may([{ resource: { db: "shop", collection: "" }, actions: ["find"] }])!;
  expect(reader("items", "find")).toBe(true);
  expect(reader("items", "insert")).toBe(false);
  const elsewhere = may([{ resource: { db: "other", collection: "" }, actions: ["find"] }])!;
  expect(elsewhere("items", "find")).toBe(false);
  const one = may([{ resource: { db: "shop", collection: "items" }, actions: ["find", "remove"] }])!;
  expect([one("items", "remove"), one("tags", "remove")]).toEqual([true, false]);
  const any = may([
    { resource: { cluster: true }, actions: ["insert"] },
    { resource: { anyResource: true }, actions: ["update"] },
  ])!;
  expect([any("items", "update"), any("items", "insert")]).toEqual([true, false]);
});
