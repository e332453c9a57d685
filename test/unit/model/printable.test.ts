import { expect, it } from "vitest";
import { printable } from "../../../src/model/printable.js";

it("F43: printable shows control and direction characters as escapes", () => {
  expect(printable("a\u001b[2Jb\u202ec\u2066\u009b")).toBe("a\\u001b[2Jb\\u202ec\\u2066\\u009b");
});
