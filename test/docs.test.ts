import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "../src/config/load.js";
import { codecFor } from "../src/database/open.js";
import type { Dataset } from "../src/model/dataset.js";
import { errorCodes } from "../src/model/errors.js";
import type { Fields, Json } from "../src/model/json.js";
import { compilePipeline } from "../src/transform/pipeline.js";
import { runCommand } from "./support/command.js";
import { gitIn, makeRepository } from "./support/git.js";

const root = resolve(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const decisions = readdirSync(join(root, "docs/decisions")).map((name) => `docs/decisions/${name}`);
const docs = readdirSync(join(root, "docs")).flatMap((name) => (name.endsWith(".md") ? [`docs/${name}`] : []));
const pages = ["README.md", "CONTRIBUTING.md", ...docs, "docs/workflows/README.md", ...decisions];

/** Fenced blocks of a page: their info string and text. */
const blocks = (page: string) =>
  [...read(page).matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(([, info, text]) => ({ info: info!, text: text! }));

/** Headings as GitHub makes anchors of them. */
const anchors = (page: string) =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- _]/gu, "")
      .replaceAll(" ", "-"),
  );

/** All help texts of the built command, by verb; `""` is the program's own. */
async function helpTexts(): Promise<Map<string, string>> {
  const help = async (...args: string[]) =>
    (await runCommand(root, { PATH: process.env.PATH!, COLUMNS: "200" }, [...args, "--help"])).stdout;
  const texts = new Map([["", await help()]]);
  const verbs = [...texts.get("")!.matchAll(/^ {2}([a-z][a-z-]*)(?: |$)/gm)].map(([, verb]) => verb!);
  for (const verb of verbs) {
    if (verb === "help") continue;
    const text = await help(verb);
    const below = [...(text.split(/^Commands:$/m)[1] ?? "").matchAll(/^ {2}([a-z-]+)(?: |$)/gm)].map(
      ([, name]) => name!,
    );
    const more = await Promise.all(below.filter((name) => name !== "help").map((name) => help(verb, name)));
    texts.set(verb, [text, ...more].join("\n"));
  }
  return texts;
}

/** Calls of the command, in code between backquotes and in blocks for a shell. */
function commandsIn(page: string): { verb: string; rest: string }[] {
  const shell = blocks(page).filter(({ info }) => /^(sh|console)/.test(info));
  const code = [
    ...shell.flatMap(({ text }) => text.split("\n")),
    ...[...read(page).matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!),
  ];
  return code.flatMap((line) =>
    [...line.matchAll(/(?:^|[$&;] *)(?:heddle|node dist\/main\.js) ([a-z][a-z-]*)([^#&;]*)/g)]
      .filter(([, verb]) => verb !== "help")
      .map(([, verb, rest]) => ({ verb: verb!, rest: rest! })),
  );
}

const flagsOf = (text: string) => new Set(text.match(/--[a-z][a-z-]*/g) ?? []);

describe("pages", () => {
  test.each(pages)("%s: no link is broken", (page) => {
    const broken = [...read(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)]
      .map(([, link]) => link!)
      .filter((link) => {
        const [path, anchor] = link.split("#") as [string, string?];
        const target = path === "" ? page : relative(root, resolve(root, dirname(page), path));
        return !existsSync(join(root, target)) || (anchor !== undefined && !anchors(target).includes(anchor));
      });
    expect(broken).toEqual([]);
  });

  test("every configuration that they show loads", async () => {
    const shown = pages.flatMap((page) => blocks(page).filter(({ text }) => text.startsWith("apiVersion:")));
    expect(shown.length).toBeGreaterThan(3);
    for (const { text } of shown) {
      // A weave that is shown alone, or an environment without its weave, is completed.
      const names = [...text.matchAll(/^kind: (\w+)/gm)].map(([, kind]) => kind);
      const weave = names.includes("Weave") ? "" : `---\n${blocks("docs/configuration.md").find(isWeave)!.text}`;
      await loadConfig([{ path: "shown.yaml", text: `${text}${weave}` }]);
    }
  });

  test("every test that docs/guarantees.md names is there", () => {
    const page = read("docs/guarantees.md");
    const rows = page.split("\n").filter((line) => line.startsWith("| **"));
    expect(rows.length).toBeGreaterThan(10);
    const proofs = rows.flatMap((row) =>
      [...row.matchAll(/\]\(\.\.\/([^)]+)\)((?:,? "[^"]+")+)/g)].flatMap(([, file, titles]) =>
        [...titles!.matchAll(/"([^"]+)"/g)].map(([, title]) => ({ file: file!, title: title! })),
      ),
    );
    expect(rows.filter((row) => !/"[^"]+" ?\|?/.test(row))).toEqual([]);
    expect(proofs.filter(({ file, title }) => !read(file).includes(title))).toEqual([]);
  });
});

const isWeave = ({ text }: { text: string }) => text.startsWith("apiVersion:") && text.includes("kind: Weave");

describe("docs/commands.md", () => {
  let help: Map<string, string>;
  beforeAll(async () => {
    help = await helpTexts();
  });

  test("has every verb and every flag of the help, and no other", () => {
    const sections = read("docs/commands.md").split(/^## /m);
    for (const verb of help.keys()) {
      if (verb === "") continue;
      const section = sections.find((part) => part.startsWith(verb));
      expect(section, `a section about ${verb}`).toBeDefined();
    }
    const known = flagsOf([...help.values()].join("\n"));
    const page = read("docs/commands.md");
    expect([...known].filter((flag) => !flagsOf(page).has(flag))).toEqual([]);
    expect([...flagsOf(page.split("## Exit codes")[0]!)].filter((flag) => !known.has(flag))).toEqual([]);
  });

  test.each([...docs, "README.md", "CONTRIBUTING.md"])("%s: the verbs and flags that it says to run exist", (page) => {
    const unknown = commandsIn(page).filter(({ verb, rest }) => {
      const text = help.get(verb);
      return text === undefined || [...flagsOf(rest)].some((flag) => !flagsOf(text + help.get("")).has(flag));
    });
    expect(unknown).toEqual([]);
  });

  test("lists every error code with its exit code", () => {
    const listed = [...read("docs/commands.md").matchAll(/^\| (HDL\d+) \| (\d+) \| .+ \|$/gm)];
    expect(Object.fromEntries(listed.map(([, code, exit]) => [code, Number(exit)]))).toEqual(errorCodes);
  });
});

test("every key of the configuration's schema stands in docs/configuration.md", () => {
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (node === null || typeof node !== "object") return;
    const { properties } = node as { properties?: object };
    for (const name of Object.keys(properties ?? {})) names.add(name);
    for (const child of Object.values(node)) visit(child);
  };
  visit(JSON.parse(read("schemas/heddle.schema.json")));
  const page = read("docs/configuration.md");
  expect([...names].filter((name) => !new RegExp(`\\b${name}\\b`).test(page))).toEqual([]);
});

const types: Record<string, string> = { price: "numeric(8,2)", qty: "integer", features: "jsonb", tags: "jsonb" };

describe("the transforms of docs/configuration.md give what they say", async () => {
  const shown = blocks("docs/configuration.md");
  const examples = shown.flatMap(({ info, text }, i) =>
    info === "yaml example" ? [{ steps: text, before: shown[i + 1]!, after: shown[i + 2]! }] : [],
  );
  const codec = await codecFor("postgresql");
  test("there are some", () => expect(examples.length).toBeGreaterThanOrEqual(6));

  test.each(examples)("$steps", async ({ steps, before, after }) => {
    expect([before.info, after.info]).toEqual(["json before", "json after"]);
    const fields: Fields = new Map(Object.entries(JSON.parse(before.text) as Record<string, Json>));
    const dataset: Dataset = {
      engine: codec.engine,
      name: "products",
      key: ["sku"],
      fields: [...fields.keys()].map((name) => ({ name, type: types[name] ?? "text" })),
      selection: "",
      oneWay: false,
      layout: { kind: "files", fanout: 0 },
    };
    const rules = [{ for: "products", steps: parse(steps) }];
    const pipeline = await compilePipeline({ rules, codec, maskKey: "an example, not a secret" });
    const shaped = await pipeline.shape(dataset, fields);
    expect(JSON.stringify(Object.fromEntries(shaped!))).toBe(JSON.stringify(JSON.parse(after.text)));
  });
});

describe("the sample", () => {
  test("heddle validate passes in this repository", async () => {
    const run = await runCommand(root, { PATH: process.env.PATH! }, ["validate"]);
    expect(run.stderr).toBe("");
    expect(run.stdout).toContain("11 entries");
  });

  test("weaves to exactly the committed files, and is applied to an empty copy", async () => {
    using repository = makeRepository();
    const { directory, environment } = repository;
    for (const path of ["weave-configs", "schemas", "data"]) {
      await cp(join(root, path), join(directory, path), { recursive: true });
    }
    repository.write(".gitignore", ".sample/\n");
    repository.commitAll("the sample");
    const before = gitIn(directory, environment, "rev-parse", "HEAD:data");
    await promisify(execFile)(process.execPath, [join(root, "scripts/sample.mjs"), directory]);

    const heddle = (...args: string[]) => runCommand(directory, environment, args);
    // Files that are no longer there have to come back the same: so the first weave starts from nothing.
    gitIn(directory, environment, "rm", "-rq", "data");
    repository.commitAll("without data");
    const first = await heddle("weave");
    expect(first.stderr).toBe("");
    expect(first.stdout).toContain("11 added");
    expect(gitIn(directory, environment, "rev-parse", "HEAD:data")).toBe(before);

    const applied = await heddle("apply", "staging", "--yes");
    expect(applied.stderr).toBe("");
    expect(applied.stdout).toContain("11 to create, 0 to update, 0 to delete.");
  }, 180_000);
});
