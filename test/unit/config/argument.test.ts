import { expect, test } from "vitest";
import { databaseArgument } from "../../../src/config/argument.js";
import { failure } from "../../support/problems.js";

test("an environment's name, a variable, a URL without a password", () => {
  expect(databaseArgument("staging", {})).toEqual({ kind: "environment", name: "staging" });
  const fromVariable = databaseArgument("env:DB", { DB: "postgres://me:pw@h/d" });
  expect(fromVariable).toMatchObject({ kind: "url", from: "env:DB" });
  expect(fromVariable.kind === "url" && fromVariable.url.reveal()).toBe("postgres://me:pw@h/d");
  expect(JSON.stringify(fromVariable)).not.toContain("pw");
  const url = databaseArgument("pglite:./db", {});
  expect(url.kind === "url" && url.url.reveal()).toBe("pglite:./db");
});

test.each([
  ["env:NOT_SET", "HDL103", "the variable NOT_SET is not set"],
  ["env:EMPTY", "HDL103", "the variable EMPTY is empty"],
  ["env:", "HDL100", "env: needs the name of a variable"],
  ["env:A B", "HDL100", "env: needs the name of a variable"],
])("%s: %s %s", async (text, code, message) => {
  const error = await failure(() => databaseArgument(text, { EMPTY: "" }));
  expect([error.code, error.message]).toEqual([code, message]);
});

test("H55: a URL with a password is refused, and not repeated", async () => {
  for (const text of ["postgres://me:c4n4ry@h/d", "mongodb://h/?password=c4n4ry", "postgres://me:c4n/4ry@h"]) {
    const error = await failure(() => databaseArgument(text, {}));
    expect(error.code).toBe("HDL100");
    expect(`${error.message}${error.hint}${error.stack}`).not.toMatch(/c4n\/?4ry/);
  }
});
