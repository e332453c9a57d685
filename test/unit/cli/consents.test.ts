import { describe, expect, it } from "vitest";
import { consentFlags } from "../../../src/cli/consents.js";

describe("consentFlags", () => {
  it.each([
    [["allow-deletes=2", "adopt"], "--adopt --allow-deletes 2"],
    [["allow-deletes=12", "allow-deletes=5"], "--allow-deletes 5 --allow-deletes 12"],
    [["confirm=production", "confirm=staging"], "--confirm production --confirm staging"],
    [["staging:rollback", "production:adopt"], "--rollback"],
    [[], ""],
  ])("%j → %s", (words, line) => {
    const { flags, unknown } = consentFlags(words, "staging");
    expect([flags.join(" "), unknown]).toEqual([line, []]);
  });

  it.each([
    "allow-deletes",
    "allow-deletes=",
    "allow-deletes=all",
    "allow-deletes=-1",
    "adopt=1",
    "yes",
    "plan=x.json",
    "config=.",
    "adopt; rm -rf /",
    "confirm=$(id)",
    "confirm=a b",
    "--adopt",
    "ADOPT",
    "",
  ])("%j grants nothing", (word) => {
    expect(consentFlags([word, "adopt"], "staging")).toEqual({ flags: ["--adopt"], unknown: [word] });
  });
});
