import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { expect, test } from "vitest";
import { commandPath, makeProject } from "../support/command.js";
import { createPostgresDatabase } from "../support/servers.js";

const config = `apiVersion: heddle/v1
kind: Weave
metadata: { name: shop }
spec:
  source: { url: "\${SHOP_URL}" }
  select: [{ dataset: items }]
`;

test("a weave that is interrupted commits nothing, moves no ref and leaves no half-written pack", async () => {
  const url = await createPostgresDatabase();
  const client = new pg.Client(url);
  await client.connect();
  await client.query("CREATE TABLE items (id integer PRIMARY KEY, note text NOT NULL)");
  await client.query("INSERT INTO items SELECT i, repeat(md5(i::text), 60) FROM generate_series(1, 12000) AS i");
  await client.end();
  using project = makeProject(config);
  const before = project.git("for-each-ref");
  const environment = { ...project.environment, SHOP_URL: url };
  const child = spawn(process.execPath, [commandPath, "weave"], { cwd: project.directory, env: environment });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const packs = () => readdirSync(join(project.directory, ".git/objects/pack"));
  while (packs().length === 0 && child.exitCode === null) await sleep(5);
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(said).toContain("error HDL900: interrupted; nothing was committed");
  expect(project.git("for-each-ref")).toBe(before);
  expect(packs().filter((file) => !/^pack-[\da-f]{40}\.(pack|idx|rev)$/.test(file))).toEqual([]);
  expect(project.git("status", "--porcelain")).toBe("");
  project.variables.SHOP_URL = url;
  expect((await project.succeed("weave", "--branch", "data")).stdout).toContain("12000 added");
});
