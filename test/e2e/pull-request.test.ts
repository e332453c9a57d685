import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { commandPath, makeProject, runCommand, type TestProject } from "../support/command.js";
import { gitIn } from "../support/git.js";
import { startGithub } from "../support/github-server.js";
import { onDatabase } from "../support/postgres-client.js";
import { createPostgresDatabase } from "../support/servers.js";
import { bash, type Event, type JobRun, type Runner, runWorkflow } from "../support/workflow-runner.js";

const config = `apiVersion: heddle/v1
kind: Weave
metadata: { name: shop }
spec:
  source: { url: "\${CATALOG_URL}" }
  select: [{ dataset: items }]
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: staging }
spec:
  database: { url: "\${STAGING_URL}" }
  weaves: [shop]
  apply: { maxDeletes: 0 }
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: production }
spec:
  database: { url: "\${PRODUCTION_URL}" }
  weaves: [shop]
`;
const root = join(import.meta.dirname, "../..");
const table = "CREATE TABLE items (id int PRIMARY KEY, name text, price numeric(8,2));";

let github: Awaited<ReturnType<typeof startGithub>>;
let ada: TestProject;
let runner: Runner;
const urls: Record<string, string> = {};

beforeAll(async () => {
  github = await startGithub();
  ada = makeProject(config);
  for (const name of ["CATALOG_URL", "STAGING_URL", "PRODUCTION_URL"]) {
    urls[name] = await createPostgresDatabase();
    await onDatabase(urls[name], table);
  }
  await onDatabase(urls.CATALOG_URL!, "INSERT INTO items SELECT i, 'Item ' || i, i FROM generate_series(1, 9) i");
  const remote = ada.beside("remote.git");
  gitIn(ada.directory, ada.environment, "clone", "--quiet", "--bare", ada.directory, remote);
  ada.git("remote", "add", "origin", remote);
  ada.git("fetch", "--quiet", "origin");
  const directory = ada.beside("runner");
  mkdirSync(directory);
  // A step gets the token only where the workflow gives it.
  const { GITHUB_TOKEN: _, ...variables } = github.variables;
  const environment = { ...ada.environment, ...variables };
  runner = { directory, remote, environment, secrets: urls, state: github.state };
}, 120_000);
afterAll(() => {
  github?.stop();
  ada?.[Symbol.dispose]();
});

const inRemote = (...args: string[]) => gitIn(runner.remote, ada.environment, ...args);
const main = () => inRemote("rev-parse", "main");
const names = async (url: string) =>
  Object.fromEntries((await onDatabase(urls[url]!, "SELECT id, name FROM items")).map(({ id, name }) => [id, name]));
const comment = (key: string) => github.state.comments.filter(({ body }) => body.startsWith(`<!-- heddle: ${key} -->`));

async function run(name: string, event: Partial<Event>): Promise<JobRun[]> {
  return runWorkflow(runner, name, { name: "schedule", branch: "main", sha: main(), ...event });
}

function succeeded(jobs: JobRun[]): void {
  expect(jobs.length).toBeGreaterThan(0);
  for (const { job, ok, log } of jobs) expect(ok, `${job}:\n${log}`).toBe(true);
}

/** What happens on a push to a pull request's branch, and when a label is set. */
async function planFor(number: number, head: string, action: string): Promise<JobRun[]> {
  const payload = {
    action,
    ...(action === "labeled" && { label: { name: "heddle:any" } }),
    pull_request: { number, head: { repo: { full_name: "acme/shop" } } },
  };
  return run("heddle-plan.yml", { name: "pull_request", sha: inRemote("rev-parse", head), payload });
}

/** Merges as GitHub's button does. */
async function merge(number: number, head: string, how: "merge" | "squash"): Promise<JobRun[]> {
  const button = makeClone();
  if (how === "merge")
    button.git("merge", "--quiet", "--no-ff", "-m", `Merge pull request #${number}`, `origin/${head}`);
  else {
    button.git("merge", "--quiet", "--squash", `origin/${head}`);
    button.git("commit", "--quiet", "-m", `Change (#${number})`);
  }
  button.git("push", "--quiet", "origin", "main");
  const pull = github.state.pulls.find((one) => one.number === number)!;
  pull.state = "closed";
  pull.commits.push(main());
  return run("heddle-deliver.yml", { name: "push" });
}

let clones = 0;
/** Another clone of the remote, beside the first one. */
function makeClone(...options: string[]) {
  const directory = ada.beside(`clone-${++clones}`);
  gitIn(ada.directory, ada.environment, "clone", "--quiet", ...options, `file://${runner.remote}`, directory);
  return { directory, git: (...args: string[]) => gitIn(directory, ada.environment, ...args) };
}

const items = (from: number, to: number, name = (i: number) => `Item ${i}`) =>
  Object.fromEntries(Array.from({ length: to - from + 1 }, (_, i) => [from + i, name(from + i)]));

it("weave, pull request, plan, merge, apply, drift, rollback: the whole loop by the workflows", async () => {
  // A weave opens a pull request, and its own run shows the plans: nobody else would be started by it.
  succeeded(await run("heddle-weave.yml", {}));
  expect(github.state.pulls).toMatchObject([{ head: "heddle/weave", base: "main", state: "open" }]);
  const woven = github.state.pulls[0]!.number;
  expect(comment("plan-staging")[0]!.body).toContain("**9 to create, 0 to update, 0 to delete\\.**");
  expect(comment("plan-production")).toHaveLength(1);
  expect(await names("STAGING_URL")).toEqual({});

  // It goes on while it is open, in the same pull request and the same comment.
  await onDatabase(urls.CATALOG_URL!, "UPDATE items SET name = 'Nine' WHERE id = 9");
  succeeded(await run("heddle-weave.yml", {}));
  expect(github.state.pulls).toHaveLength(1);
  expect(comment("plan-staging")).toMatchObject([{ issue: woven, body: expect.stringContaining('"Nine"') }]);

  // Whoever may run workflows of a fork can upload a plan under any name.
  const [own] = github.state.artifacts.filter(({ name }) => name.startsWith("heddle-plan-staging-"));
  github.state.artifacts.unshift({
    ...own!,
    created_at: "2099-01-01T00:00:00Z",
    workflow_run: { id: 666, repository_id: 1, head_repository_id: 2 },
  });
  // Merged by a squash: what is applied is the plan that was shown, and no other.
  const delivered = await merge(woven, "heddle/weave", "squash");
  succeeded(delivered);
  expect(delivered.map(({ job }) => job)).toEqual(["staging/apply", "production/apply"]);
  for (const { log } of delivered) expect(log).toMatch(/run=1\d+\n[\s\S]*Applied /);
  for (const url of ["STAGING_URL", "PRODUCTION_URL"]) expect(await names(url)).toEqual({ ...items(1, 8), 9: "Nine" });
  succeeded(await run("heddle-weave.yml", {}));
  expect(github.state.pulls).toHaveLength(1);
}, 600_000);

it("a consent is a label: it ends with new commits, and turns the check green", async () => {
  const ada = makeClone();
  ada.git("switch", "--quiet", "--create", "fewer");
  ada.git("rm", "--quiet", "data/shop/items/1.json", "data/shop/items/2.json");
  ada.git("commit", "--quiet", "-m", "Items 1 and 2 go");
  ada.git("push", "--quiet", "origin", "fewer");
  const number = 40;
  github.state.pulls.push({ number, title: "", head: "fewer", base: "main", body: "", state: "open", commits: [] });

  // What a label consented to was another thing than what is pushed now.
  github.state.labels.set(number, ["heddle:staging:allow-deletes=2", "bug"]);
  const lacking = await planFor(number, "fewer", "synchronize");
  expect(lacking.map(({ job, ok }) => [job, ok])).toEqual([
    ["plan/staging", false],
    ["plan/production", false],
  ]);
  expect(github.state.labels.get(number)).toEqual(["bug"]);
  expect(lacking[0]!.log).toContain("::error::This would not be applied");
  const [shown] = comment("plan-staging").filter(({ issue }) => issue === number);
  expect(shown!.body).toContain("the labels `heddle:allow-deletes=2`");

  github.state.labels.set(number, ["heddle:allow-deletes=2"]);
  succeeded(await planFor(number, "fewer", "labeled"));
  expect(shown!.body).not.toContain("Not applied without");
  succeeded(await merge(number, "fewer", "merge"));
  expect(await names("STAGING_URL")).toEqual({ ...items(3, 8), 9: "Nine" });
}, 600_000);

it("G45, G46: where the world moved since the plan, it plans again and asks again; a run by hand answers", async () => {
  const bob = makeClone();
  bob.git("switch", "--quiet", "--create", "rename");
  await writeItem(bob, 3, "Three");
  bob.git("push", "--quiet", "origin", "rename");
  const number = 41;
  github.state.pulls.push({ number, title: "", head: "rename", base: "main", body: "", state: "open", commits: [] });
  succeeded(await planFor(number, "rename", "opened"));
  await onDatabase(urls.STAGING_URL!, "UPDATE items SET price = 77 WHERE id = 3");

  const [stale, ...later] = await merge(number, "rename", "merge");
  expect([stale!.ok, later]).toEqual([false, []]);
  expect(stale!.log).toContain("error HDL602");
  expect(stale!.log).toContain("run the workflow 'Heddle apply' by hand");
  expect(stale!.summary).toContain('+ name: "Three"');
  expect(comment("apply-staging")).toMatchObject([{ issue: number, body: expect.stringContaining('- price: "77') }]);
  expect((await names("STAGING_URL"))[3]).toBe("Item 3");

  const byHand = (environment: string, consents = "") =>
    run("heddle-apply.yml", { name: "workflow_dispatch", inputs: { environment, consents } });
  const [answered] = await byHand("staging");
  succeeded([answered!]);
  expect((await names("STAGING_URL"))[3]).toBe("Three");
  succeeded(await byHand("production"));
  expect((await names("PRODUCTION_URL"))[3]).toBe("Three");
}, 600_000);

it("drift opens one issue, and closes it", async () => {
  await onDatabase(urls.PRODUCTION_URL!, "UPDATE items SET name = 'Edited' WHERE id = 5");
  succeeded(await run("heddle-drift.yml", {}));
  expect(github.state.issues).toMatchObject([
    { title: "production is not what was applied", state: "open", body: expect.stringContaining('- name: "Edited"') },
  ]);
  await onDatabase(urls.PRODUCTION_URL!, "UPDATE items SET name = 'Item 5' WHERE id = 5");
  succeeded(await run("heddle-drift.yml", {}));
  expect(github.state.issues).toMatchObject([{ state: "closed", state_reason: "completed" }]);
}, 600_000);

it("the button takes one commit back, and what it changed alone", async () => {
  const commit = inRemote("log", "--format=%H", "--grep=Three", "main").split("\n").at(-1)!;
  succeeded(await run("heddle-rollback.yml", { name: "workflow_dispatch", inputs: { commit, consents: "" } }));
  for (const url of ["STAGING_URL", "PRODUCTION_URL"]) {
    expect(await names(url)).toEqual({ ...items(3, 8), 9: "Nine" });
  }
}, 600_000);

it("the action runs a verb, and its words are no shell code", async () => {
  const { runs } = parse(readFileSync(join(root, "action.yml"), "utf8"));
  const script = runs.steps.at(-1).run as string;
  const clone = makeClone();
  const bin = ada.beside("bin");
  mkdirSync(bin);
  writeFileSync(`${bin}/npx`, `#!/bin/sh\nshift 2\nexec "${process.execPath}" "${commandPath}" "$@"\n`, {
    mode: 0o755,
  });
  const environment = { ...ada.environment, ...urls, PATH: `${bin}:${ada.environment.PATH}` };
  const plan = await bash(script, clone.directory, { ...environment, RUN: "plan  staging\n--rev HEAD" });
  expect(plan).toEqual({ ok: true, log: expect.stringMatching(/^No changes\.$/m) });
  const evil = await bash(script, clone.directory, { ...environment, RUN: "plan staging; touch $(echo x) *" });
  expect([evil.ok, readdirSync(clone.directory).includes("x")]).toEqual([false, false]);
}, 120_000);

it("GitLab: the plan of a merge request is applied after the merge, from the package registry", async () => {
  const packages = new Map<string, string>();
  const registry = createServer(async (request, response) => {
    const path = request.url!;
    if (request.headers["job-token"] !== "gitlab-job-token") return response.writeHead(401).end();
    if (request.method === "PUT") packages.set(path, (await request.toArray()).join(""));
    response.writeHead(packages.has(path) ? 200 : 404).end(packages.get(path));
  });
  await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
  const jobs = parse(readFileSync(join(root, "docs/workflows/gitlab-ci.yml"), "utf8"));
  const gitlab = (directory: string, job: string) =>
    bash(jobs[job].script.join("\n"), directory, {
      ...ada.environment,
      ...urls,
      HEDDLE: `${process.execPath} ${commandPath}`,
      HEDDLE_CONSENTS: "",
      ENVIRONMENT: "production",
      PACKAGES: `http://127.0.0.1:${(registry.address() as AddressInfo).port}/packages/generic/heddle-plan`,
      CI_JOB_TOKEN: "gitlab-job-token",
      CI_MERGE_REQUEST_TARGET_BRANCH_NAME: "main",
    });
  const dora = makeClone();
  dora.git("switch", "--quiet", "--create", "dora");
  await writeItem(dora, 6, "Six");
  expect(await gitlab(dora.directory, ".plan")).toMatchObject({
    ok: true,
    log: expect.stringContaining('"Item 6" → "Six"'),
  });
  expect([...packages.keys()]).toEqual([
    expect.stringMatching(/^\/packages\/generic\/heddle-plan\/[0-9a-f]{32}\/plan\.json$/),
  ]);
  expect(readFileSync(`${dora.directory}/plan.html`, "utf8")).toContain("Plan for production");

  dora.git("switch", "--quiet", "main");
  dora.git("merge", "--quiet", "--squash", "dora");
  dora.git("commit", "--quiet", "-m", "Six");
  expect(await gitlab(dora.directory, ".apply")).toMatchObject({ ok: true, log: expect.stringContaining("Applied ") });
  expect((await names("PRODUCTION_URL"))[6]).toBe("Six");
  await writeItem(dora, 6, "Never planned");
  expect((await gitlab(dora.directory, ".apply")).ok).toBe(false);
  registry.close();
}, 300_000);

it("F40: a clone of depth 1 fetches what it needs, or says what to fetch", async () => {
  const shallow = makeClone("--depth", "1");
  const heddle = (...args: string[]) => runCommand(shallow.directory, { ...ada.environment, ...urls }, args);
  await writeItem(shallow, 4, "Four");
  const planned = await heddle("plan", "staging", "--exit-code");
  expect([planned.code, planned.stderr]).toEqual([2, ""]);
  expect(planned.stdout).toContain("0 to create, 1 to update, 0 to delete.");
  expect((await heddle("apply", "staging", "--yes")).code).toBe(0);
  expect((await names("STAGING_URL"))[4]).toBe("Four");

  const cut = makeClone("--depth", "1");
  cut.git("remote", "remove", "origin");
  await writeItem(cut, 5, "Five");
  const refused = await runCommand(cut.directory, { ...ada.environment, ...urls }, ["plan", "staging"]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("git fetch --unshallow --filter=blob:none");
}, 300_000);

async function writeItem({ directory, git }: ReturnType<typeof makeClone>, id: number, name: string): Promise<void> {
  const price = id.toFixed(2);
  await writeFile(`${directory}/data/shop/items/${id}.json`, `${JSON.stringify({ id, name, price }, null, 2)}\n`);
  git("commit", "--quiet", "--all", "-m", `${name}: a new name`);
}
