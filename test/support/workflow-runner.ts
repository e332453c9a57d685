import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import { parse } from "yaml";
import { commandPath } from "./command.js";
import { type GithubState, githubToken } from "./github-server.js";

/** A GitHub that runs workflows here: a bare repository, an API server, artifacts in a folder. */
export interface Runner {
  /** Folder for everything that a run makes. */
  directory: string;
  /** The bare repository. */
  remote: string;
  /** Variables that every step gets: PATH, HOME, git's and GitHub's. */
  environment: Record<string, string>;
  secrets: Record<string, string>;
  state: GithubState;
}

export interface Event {
  name: string;
  /** Branch that it is about; a pull request's is the one it is merged into. */
  branch: string;
  sha: string;
  payload?: object;
  inputs?: Record<string, unknown>;
}

/** How a job ended: what its steps printed and put out. */
export interface JobRun {
  job: string;
  ok: boolean;
  log: string;
  summary: string;
}

interface Job {
  if?: string;
  needs?: string | string[];
  uses?: string;
  with?: Record<string, unknown>;
  env?: Record<string, unknown>;
  strategy?: { matrix: Record<string, unknown[]> };
  outputs?: Record<string, string>;
  steps?: Step[];
}

interface Step {
  id?: string;
  if?: string;
  uses?: string;
  with?: Record<string, unknown>;
  run?: string;
  env?: Record<string, unknown>;
}

interface Workflow {
  env?: Record<string, unknown>;
  jobs: Record<string, Job>;
}

const folder = join(import.meta.dirname, "../../docs/workflows");
let runs = 1000;

/**
 * Runs a workflow of docs/workflows: expressions by GitHub's own evaluator, `run` steps by bash, the few actions that they
 * use by what they do. `npm ci` is left out; `heddle` is the built command.
 */
export async function runWorkflow(runner: Runner, name: string, event: Event): Promise<JobRun[]> {
  const run = ++runs;
  const workflow = parse(readFileSync(join(folder, name), "utf8")) as Workflow;
  const results: JobRun[] = [];
  const needs: Record<string, { result: string; outputs: object }> = {};
  for (const [id, job] of Object.entries(workflow.jobs)) {
    const wanted = [job.needs ?? []].flat();
    const contexts = { github: githubContext(event), inputs: event.inputs ?? {}, secrets: runner.secrets, needs };
    const skipped = wanted.some((need) => needs[need]!.result !== "success") || !holds(job.if, contexts);
    if (skipped) {
      needs[id] = { result: "skipped", outputs: {} };
      continue;
    }
    if (job.uses) {
      const inputs = evaluateAll(job.with ?? {}, contexts);
      const inner = await runWorkflow(runner, job.uses.split("/").at(-1)!, { ...event, inputs });
      results.push(...inner.map((one) => ({ ...one, job: `${id}/${one.job}` })));
      needs[id] = { result: inner.every(({ ok }) => ok) ? "success" : "failure", outputs: {} };
      continue;
    }
    const outputs = {};
    const jobs = await Promise.all(
      matrices(job).map(async (matrix) => {
        const env = evaluateAll({ ...workflow.env, ...job.env }, { ...contexts, matrix });
        const result = await runJob(runner, run, job, event, { ...contexts, matrix, env }, outputs);
        return { ...result, job: [id, ...Object.values(matrix)].join("/") };
      }),
    );
    results.push(...jobs);
    needs[id] = { result: jobs.every(({ ok }) => ok) ? "success" : "failure", outputs };
  }
  return results;
}

/** Every combination, in the order of the file. */
function matrices(job: Job): Record<string, unknown>[] {
  return Object.entries(job.strategy?.matrix ?? {}).reduce<Record<string, unknown>[]>(
    (all, [name, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
}

async function runJob(
  runner: Runner,
  run: number,
  job: Job,
  event: Event,
  contexts: { env: Record<string, unknown> } & Record<string, unknown>,
  outputs: Record<string, unknown>,
): Promise<Omit<JobRun, "job">> {
  const temporary = mkdtempSync(join(runner.directory, "job-"));
  const [workspace, summary, payload] = ["workspace", "summary", "event.json"].map((name) => join(temporary, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(workspace);
  writeFileSync(summary, "");
  writeFileSync(payload, JSON.stringify(event.payload ?? {}));
  const steps: Record<string, { outputs: Record<string, string> }> = {};
  let [ok, log] = [true, ""];
  for (const step of job.steps ?? []) {
    const all = { ...contexts, steps };
    if (!ok || !holds(step.if, all)) continue;
    if (step.uses) {
      useAction(runner, run, step.uses, evaluateAll(step.with ?? {}, all), workspace, event);
      continue;
    }
    if (step.run === "npm ci") continue;
    const output = join(temporary, "output");
    writeFileSync(output, "");
    const result = await bash(step.run!, workspace, {
      ...runner.environment,
      ...texts(contexts.env),
      ...texts(evaluateAll(step.env ?? {}, all)),
      HEDDLE: `${process.execPath} ${commandPath}`,
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_EVENT_PATH: payload,
      GITHUB_RUN_ID: String(run),
      GITHUB_ACTOR: "ada",
    });
    log += result.log;
    ok = result.ok;
    const pairs = readFileSync(output, "utf8").split("\n").filter(Boolean);
    if (step.id) {
      steps[step.id] = {
        outputs: Object.fromEntries(
          pairs.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
        ),
      };
    }
  }
  Object.assign(outputs, evaluateAll(job.outputs ?? {}, { ...contexts, steps }));
  const written = readFileSync(summary, "utf8");
  rmSync(temporary, { recursive: true });
  return { ok, log, summary: written };
}

function useAction(
  runner: Runner,
  run: number,
  uses: string,
  inputs: Record<string, unknown>,
  workspace: string,
  event: Event,
): void {
  const action = uses.split("@")[0];
  const store = (id: unknown, name: unknown) => join(runner.directory, "artifacts", String(id), String(name));
  if (action === "actions/checkout") {
    checkOut(runner, inputs, workspace, event);
  } else if (action === "actions/upload-artifact") {
    cpSync(join(workspace, String(inputs.path)), store(run, inputs.name), { recursive: true });
    runner.state.artifacts.unshift({
      id: run,
      name: String(inputs.name),
      expired: false,
      created_at: new Date(run * 1000).toISOString(),
      workflow_run: { id: run, repository_id: 1, head_repository_id: 1 },
    });
  } else if (action === "actions/download-artifact") {
    const from = store(inputs["run-id"], inputs.name);
    if (!existsSync(from)) throw new Error(`no artifact ${inputs.name} of ${inputs["run-id"]}`);
    cpSync(from, join(workspace, String(inputs.path)), { recursive: true });
  } else if (action !== "actions/setup-node") throw new Error(`what does ${uses} do?`);
}

function checkOut(runner: Runner, inputs: Record<string, unknown>, workspace: string, event: Event): void {
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: workspace, env: runner.environment, stdio: "pipe" });
  const ref = String(inputs.ref ?? event.sha);
  const number = Number(/^refs\/pull\/(\d+)\/head$/.exec(ref)?.[1]);
  const head = runner.state.pulls.find((pull) => pull.number === number)?.head;
  const tip = head ? `origin/${head}` : ref === event.branch ? `origin/${ref}` : ref;
  git("init", "--quiet", ".");
  git("remote", "add", "origin", `file://${runner.remote}`);
  const depth = inputs["fetch-depth"] === 0 ? [] : ["--depth=1"];
  git("fetch", "--quiet", ...depth, "origin", "+refs/heads/*:refs/remotes/origin/*");
  // A branch is checked out as one; everything else, and what the event is about where it is a pull request, is not.
  const isBranch = ref === event.branch || inputs.ref === undefined;
  git("checkout", "--quiet", ...(isBranch ? ["-B", event.branch] : ["--detach"]), tip);
}

/** As GitHub runs `shell: bash`. */
export function bash(script: string, cwd: string, env: Record<string, string>): Promise<{ ok: boolean; log: string }> {
  return new Promise((resolve) => {
    const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], { cwd, env });
    let log = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (log += text));
    child.on("close", (code) => resolve({ ok: code === 0, log }));
  });
}

function githubContext({ name, branch, sha, payload, inputs }: Event): object {
  const pull = name === "pull_request";
  return {
    event_name: name,
    event: { ...payload, inputs },
    sha,
    repository: "acme/shop",
    ref_name: pull ? "7/merge" : branch,
    base_ref: pull ? branch : "",
    token: githubToken,
  };
}

function holds(condition: string | undefined, contexts: object): boolean {
  if (condition === undefined) return true;
  return truthy(evaluate(condition.replace(/^\$\{\{(.*)\}\}$/s, "$1"), contexts));
}

function truthy(value: unknown): boolean {
  return value !== null && value !== "" && value !== 0 && value !== false;
}

function evaluateAll(values: Record<string, unknown>, contexts: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === "string" ? interpolate(value, contexts) : value,
    ]),
  );
}

/** A text that is one expression keeps the type of its value. */
function interpolate(text: string, contexts: object): unknown {
  const whole = /^\$\{\{([^}]*)\}\}$/.exec(text);
  if (whole) return evaluate(whole[1]!, contexts);
  return text.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) => String(evaluate(expression, contexts) ?? ""));
}

function evaluate(expression: string, contexts: object): unknown {
  const names = Object.keys(contexts);
  const parsed = new Parser(new Lexer(expression).lex().tokens, names, []).parse();
  const context = JSON.parse(JSON.stringify(contexts), data.reviver) as data.Dictionary;
  const value = JSON.stringify(new Evaluator(parsed, context).evaluate(), data.replacer);
  return value === undefined ? null : JSON.parse(value);
}

function texts(values: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value ?? "")]));
}
