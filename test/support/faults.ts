import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { commandPath, makeProject, type Run, type TestProject } from "./command.js";

/** What the tests of faults apply: revision A is applied, B is HEAD. 40 deletes, 100 updates, 70 creates lie between. */
export const revisions = {
  A: new Map(Array.from({ length: 160 }, (_, i) => [i + 1, `a ${i + 1}`])),
  B: new Map(
    Array.from({ length: 190 }, (_, i) => [i + 41, `${i + 41 <= 140 ? "b" : i + 41 <= 160 ? "a" : "b"} ${i + 41}`]),
  ),
};

/** Changes between A and B. */
export const total = 210;

/** A row or document that Heddle never put there. */
export const foreign = { id: 9999, name: "theirs", stock: 1 };

export interface Item {
  id: number;
  name: string;
  /** Not selected: whoever touches it breaks promise 9. */
  stock: number | null;
}

/** What the destination holds once `names` are applied over A: the stock of rows that were there stays. */
export function itemsOf(names: ReadonlyMap<number, string>): Item[] {
  const items = [...names].map(([id, name]) => ({ id, name, stock: revisions.A.has(id) ? id * 10 : null }));
  return [...items, foreign].sort((a, b) => a.id - b.id);
}

/** How many of the changes from A to B are made; throws where anything is as neither has it. */
export function countMade(items: readonly Item[]): number {
  const live = new Map(items.map((item) => [item.id, item]));
  const [before, after] = [itemsOf(revisions.A), itemsOf(revisions.B)].map(
    (all) => new Map(all.map((item) => [item.id, item])),
  ) as [Map<number, Item>, Map<number, Item>];
  let made = 0;
  for (const id of new Set([...live.keys(), ...before.keys(), ...after.keys()])) {
    const [now, a, b] = [live, before, after].map((side) => JSON.stringify(side.get(id)));
    if (now !== a && now !== b) throw new Error(`${id} is ${now}, neither ${a} nor ${b}`);
    if (a !== b && now === b) made++;
  }
  return made;
}

const config = (key: string, rules: string) => `apiVersion: heddle/v1
kind: Weave
metadata: { name: shop }
spec:
  source: { url: "\${SOURCE_URL}" }
  select: [{ dataset: items, pick: [${key}, name] }]
  maxDeletes: 100%
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: copy }
spec:
  database: { url: "\${COPY_URL}" }
  weaves: [shop]
  apply: { maxDeletes: 100%, prune: { items: owned }, ${rules} }
`;

/** Two databases, each by its URL and a way to put exactly these names into `items`. */
export interface Databases {
  key: string;
  source: string;
  copy: string;
  fillSource(names: ReadonlyMap<number, string>): Promise<void>;
  /** Gives every applied row its stock, and adds the foreign one. */
  finishCopy(): Promise<void>;
}

/** A project whose HEAD is B, with A applied to `copy`. */
export async function makeFaultProject(
  databases: Databases,
  { A, B } = revisions,
  rules = "atomic: never",
): Promise<TestProject> {
  const project = makeProject(config(databases.key, rules));
  Object.assign(project.variables, { SOURCE_URL: databases.source, COPY_URL: databases.copy });
  await databases.fillSource(A);
  await project.succeed("weave");
  await project.succeed("apply", "copy", "--yes");
  await databases.finishCopy();
  await databases.fillSource(B);
  await project.succeed("weave");
  return project;
}

/** A run that is going on. */
export interface Running {
  pid: number;
  /** What it has printed to standard error so far. */
  stderr(): string;
  /** `code` is null where a signal ended it. */
  ended: Promise<Omit<Run, "code"> & { code: number | null; signal: NodeJS.Signals | null }>;
}

/** Runs the built command; `at` is a signal that it sends itself, as `SIGKILL@after-write:2`. */
export function start(project: TestProject, args: readonly string[], at?: string): Running {
  const env = { ...project.environment, ...project.variables, ...(at && { HEDDLE_TEST_SIGNAL_AT: at }) };
  const child = spawn(process.execPath, [commandPath, ...args], { cwd: project.directory, env });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text) => {
      output[name] += text;
    });
  }
  const ended = new Promise<Awaited<Running["ended"]>>((resolve) => {
    child.once("close", (code, signal) => resolve({ ...output, code, signal }));
  });
  return { pid: child.pid!, stderr: () => output.stderr, ended };
}

/** Waits until a process is stopped, as by SIGSTOP. */
export async function untilStopped(pid: number): Promise<void> {
  while (!(await promisify(execFile)("ps", ["-o", "state=", "-p", `${pid}`])).stdout.includes("T")) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
