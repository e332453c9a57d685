import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { runCommand } from "./support/command.js";

const root = resolve(import.meta.dirname, "..");
const read = (name: string) => readFileSync(join(root, "deploy", name), "utf8");

/** Verbs and flags of command lines that the help does not know. */
async function unknownFlags(line: readonly string[]): Promise<string[]> {
  const verb = line.find((word, i) => /^[a-z]+$/.test(word) && line[i - 1] !== "-C") ?? "";
  const help = async (...args: string[]) => runCommand(root, { PATH: process.env.PATH!, COLUMNS: "200" }, args);
  const [own, all] = [await help(verb, "--help"), await help("--help")];
  if (own.code !== 0) return [verb];
  const known = new Set(`${own.stdout}${all.stdout}`.match(/(?<=[ ,])--?[A-Za-z][a-z-]*/g));
  return line.filter((word) => word.startsWith("-") && !known.has(word));
}

interface Container {
  name: string;
  command?: string[];
  args?: string[];
  env?: unknown[];
  securityContext?: object;
  ports?: { containerPort: number }[];
  livenessProbe?: { httpGet: { path: string } };
  readinessProbe?: { httpGet: { path: string } };
}

describe("deploy/kubernetes.yaml", () => {
  const documents = parseAllDocuments(read("kubernetes.yaml"), { uniqueKeys: true });
  const objects = documents.map((document) => document.toJS());
  const specs = objects.flatMap(({ kind, spec }) =>
    kind === "Deployment" ? [spec.template.spec] : kind === "CronJob" ? [spec.jobTemplate.spec.template.spec] : [],
  );
  const containers: Container[] = specs.flatMap((spec) => [...(spec.initContainers ?? []), ...spec.containers]);

  test("is YAML: objects with a kind and a name", () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    expect(objects.map(({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.name}`)).toEqual([
      "v1 ConfigMap heddle",
      "apps/v1 Deployment heddle-sync",
      "networking.k8s.io/v1 NetworkPolicy heddle-sync",
      "batch/v1 CronJob heddle-weave",
    ]);
  });

  test("no container is root, writes to its own image or holds a secret", () => {
    expect(containers).toHaveLength(3);
    for (const { securityContext, env } of containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      expect(env).toBeUndefined();
    }
    for (const spec of specs) expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
  });

  test("its command lines exist, and the probes ask where sync listens", async () => {
    const sync = containers.find(({ name }) => name === "sync")!;
    expect(await unknownFlags(sync.args!)).toEqual([]);
    expect(sync.args![sync.args!.indexOf("--listen") + 1]).toBe(`0.0.0.0:${sync.ports![0]!.containerPort}`);
    expect([sync.livenessProbe!.httpGet.path, sync.readinessProbe!.httpGet.path]).toEqual(["/healthz", "/readyz"]);
    const scripts = containers.flatMap(({ command = [] }) => command.flatMap((text) => text.split("\n")));
    const lines = scripts.filter((line) => line.startsWith("heddle ")).map((line) => line.split(" ").slice(1));
    expect(lines).toHaveLength(1);
    for (const line of lines) expect(await unknownFlags(line)).toEqual([]);
    expect(await unknownFlags(["-C", "dir", "sync", "staging", "--evry"])).toEqual(["--evry"]);
  });
});

test("deploy/Dockerfile copies what there is, from pinned images, and does not run as root", () => {
  const lines = read("Dockerfile")
    .replaceAll(/\\\n/g, "")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const of = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.split(/ +/).slice(1));
  for (const [image] of of("FROM")) expect(image).toMatch(/^node:\d+\.\d+-\w+-slim$/);
  expect(of("USER")).toEqual([["1000:1000"]]);
  const copied = of("COPY").filter(([first]) => !first!.startsWith("--from"));
  const sources = copied.flatMap((words) => words.slice(0, -1).map((path) => path.replace("./", "")));
  expect(sources.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const sent = read("Dockerfile.dockerignore").split("\n").filter(Boolean);
  expect(sent).toEqual(["*", ...sources.map((path) => `!${path}`)]);
});
