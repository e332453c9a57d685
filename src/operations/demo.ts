import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gitEnvironment } from "../config/environment.js";
import { runScript } from "../database/postgres/pglite-script.js";
import { type Line, renderText } from "../plan/render-text.js";
import { porcelain } from "../repository/porcelain.js";
import { apply } from "./apply.js";
import { plan, type Shown } from "./plan.js";
import { weave } from "./weave.js";

export interface DemoOptions {
  say(text: string): void;
  showLine(line: Line): void;
}

const tables = `
  CREATE TABLE plans (id text PRIMARY KEY, name text NOT NULL, price numeric(8,2) NOT NULL, seats int, features jsonb);
  CREATE TABLE flags (name text PRIMARY KEY, enabled boolean NOT NULL, plan text REFERENCES plans);
`;

const rows = `
  INSERT INTO plans VALUES
    ('free', 'Free', 0, 1, '{"support": "forum"}'),
    ('team', 'Team', 29, 10, '{"support": "email", "sso": false}'),
    ('enterprise', 'Enterprise', 199, NULL, '{"support": "phone", "sso": true}');
  INSERT INTO flags VALUES ('new-checkout', false, NULL), ('audit-log', true, 'enterprise');
`;

const config = (directory: string) => `apiVersion: heddle/v1
kind: Weave
metadata: { name: catalog }
spec:
  source: { url: "pglite:${directory}/shop" }
  select:
    - dataset: plans
    - dataset: flags
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: staging }
spec:
  database: { url: "pglite:${directory}/staging" }
  weaves: [catalog]
`;

/** Plays the main story on two embedded databases in a temporary directory, which is gone afterwards. */
export async function demo({ say, showLine }: DemoOptions): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "heddle-demo-"));
  try {
    await play(directory, say, showLine);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function play(parent: string, say: DemoOptions["say"], showLine: DemoOptions["showLine"]): Promise<void> {
  const directory = join(parent, "project");
  const step = (title: string, command: string) => say(`\n${title}\n  $ ${command}`);
  const present = async ({ plan, missing, context }: Shown) => {
    for await (const line of renderText(plan, missing, context)) showLine({ ...line, text: `  ${line.text}` });
  };
  const target = { directory, environment: "staging" };

  say("Two databases: a shop with its plans and flags, and a staging database with the same tables, still empty.");
  await mkdir(join(directory, "weave-configs"), { recursive: true });
  await runScript(join(parent, "shop"), tables + rows);
  await runScript(join(parent, "staging"), tables);
  await writeFile(join(directory, "weave-configs/catalog.yaml"), config(parent));
  const git = porcelain(directory, gitEnvironment());
  await git.init(["--initial-branch=main"]);
  await git.addConfig("user.name", "Demo").addConfig("user.email", "demo@heddle.invalid");
  await git.add("weave-configs").commit("configure heddle");

  step("Weave: read the shop, and commit one JSON file per row.", "heddle weave catalog");
  const woven = await weave({ directory });
  for (const { id, subject } of woven.commits) say(`  Committed ${id.slice(0, 10)}: ${subject}`);
  const file = "data/catalog/plans/team.json";
  step("One row is one file:", `cat ${file}`);
  say(indent(await readFile(join(directory, file), "utf8")));

  step("Weave again: unchanged data makes no commit.", "heddle weave catalog");
  const again = await weave({ directory });
  say(again.commits.length === 0 ? "  No changes; no commit." : "  Something changed meanwhile.");

  step("Apply: make staging what the revision says.", "heddle apply staging");
  await apply({ ...target, present });

  step("A price change is a branch and a commit, like any change to code.", "git switch -c raise-price");
  await git.checkoutLocalBranch("raise-price");
  const path = join(directory, file);
  await writeFile(path, (await readFile(path, "utf8")).replace('"29.00"', '"35.00"'));
  await git.commit("raise the team plan to 35", [file]);
  say(indent(await git.diff(["HEAD~1", "--unified=1", "--no-prefix"])));

  step("What the reviewer sees in the pull request:", "heddle plan staging");
  await plan({ ...target, present });

  step("Merged and applied:", "git switch main && git merge raise-price && heddle apply staging");
  await git.checkout("main").merge(["--no-edit", "--no-ff", "raise-price"]);
  await apply({ ...target, present });

  step("The same revision again writes nothing.", "heddle apply staging");
  const { written } = await apply(target);
  say(written ? "  Something was written." : "  staging already is at this revision; nothing written.");

  step("Taken back like any commit:", "git revert -m 1 HEAD && heddle apply staging");
  await git.raw("revert", "--mainline=1", "--no-edit", "HEAD");
  await apply({ ...target, present });
  say("\nThat is all of it. Now with your own database: heddle init --from env:DATABASE_URL");
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, "  ");
}
