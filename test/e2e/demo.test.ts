import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runCommand } from "../support/command.js";

it("the demo plays the whole story, whatever programs the environment names, and leaves nothing behind", async () => {
  const directory = mkdtempSync(join(tmpdir(), "heddle-test-"));
  try {
    const environment = { PATH: process.env.PATH ?? "", HOME: directory, TMPDIR: directory };
    const programs = { EDITOR: "vi", VISUAL: "vi", PAGER: "less", SSH_ASKPASS: "ask", GIT_EDITOR: "vi" };
    const { code, stdout, stderr } = await runCommand(directory, { ...environment, ...programs }, ["demo"]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toMatch(/5 to create[\s\S]*"29.00" → "35.00"[\s\S]*nothing written[\s\S]*"35.00" → "29.00"/);
    expect(readdirSync(directory)).toEqual([]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 180_000);
