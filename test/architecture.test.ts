import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { describe, expect, test } from "vitest";
import { violations } from "./support/architecture.js";

const src = join(import.meta.dirname, "../src");
const files = new Map(
  readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => [name.split(sep).join("/"), readFileSync(join(src, name), "utf8")]),
);

test("the sources keep the rules of the architecture", () => {
  expect(files.size).toBeGreaterThan(0);
  expect(violations(files)).toEqual([]);
});

test("file sizes (a report: think again at 300 lines)", () => {
  const sizes = [...files].map(([path, text]) => ({ path, lines: text.split("\n").length - 1 }));
  sizes.sort((a, b) => b.lines - a.lines);
  const median = sizes[sizes.length >> 1]?.lines;
  const large = sizes.filter(({ lines }) => lines > 300).map(({ path, lines }) => `${path} ${lines}`);
  console.log(`${sizes.length} files, median ${median} lines; over 300: ${large.join(", ") || "none"}`);
});

describe("each rule can fail", () => {
  test.each([
    [
      "a higher level",
      "plan/a.ts",
      'import type { A } from "../operations/apply.js";',
      "plan must not import operations",
    ],
    ["a sibling", "plan/a.ts", 'export { a } from "../database/database.js";', "plan must not import database"],
    ["a sibling, lazily", "plan/a.ts", 'await import("../database/open.js");', "plan must not import database"],
    ["a sibling's type", "plan/a.ts", 'type A = import("../database/database.js").A;', "plan must not import database"],
    ["a file above src", "cli/a.ts", 'import "../../test/support/servers.js";', "cli must not import .."],
    ["a package in model", "model/a.ts", 'import "ajv";', "model must not import ajv"],
    ["the file system in model", "model/a.ts", 'import "node:fs";', "model must not import node:fs"],
    ["a driver elsewhere", "operations/a.ts", 'import pg from "pg";', "pg is imported in database/ alone"],
    [
      "a part of a driver",
      "plan/a.ts",
      'import "@electric-sql/pglite/x";',
      "@electric-sql/pglite is imported in database/",
    ],
    ["the environment", "database/a.ts", "const a = process.env.HOME;", "process.env is read in config/ alone"],
    ["the environment, quoted", "database/a.ts", 'const a = process["env"];', "process.env is read in config/ alone"],
    ["the environment, taken apart", "database/a.ts", "const { env } = process;", "used by its members only"],
    ["the environment, imported", "database/a.ts", 'import { env } from "node:process";', "use the global process"],
    ["an exit", "cli/a.ts", "process.exit(1);", "process.exit is called in main.ts alone"],
    ["a print", "operations/a.ts", "console.log(1);", "printing is for cli/ alone"],
    ["a stream", "plan/a.ts", 'process.stdout.write("");', "process.stdout is used in cli/ and main.ts alone"],
    ["an engine compared", "operations/a.ts", 'if (db.engine === "mongodb") stop();', "engines are told apart"],
    ["an engine in a case", "plan/a.ts", 'switch (e) { case "postgres": stop(); }', "engines are told apart"],
    ["an engine in a list", "plan/a.ts", '["pglite"].includes(e);', "engines are told apart"],
    ["the start of an engine", "config/a.ts", 'name.startsWith("mongodb");', "engines are told apart"],
    ["an unknown folder", "services/a.ts", "", "services is not a folder of the architecture"],
    ["a barrel", "plan/index.ts", "", "src/index.ts is the only barrel"],
    ["a bag of things", "plan/utils.ts", "", "name the noun it is about"],
    ["a name in camel case", "plan/threeWay.ts", "", "file names are kebab-case"],
  ])("%s", (_, path, text, message) => {
    expect(violations(new Map([[path, text]]))).toEqual([expect.stringContaining(message)]);
  });

  test("what is allowed is not reported", () => {
    const allowed = new Map([
      ["model/a.ts", 'import { hash } from "node:crypto";\nimport "./b.js";'],
      ["database/postgres/a.ts", 'import pg from "pg";\nimport "../../model/a.js";\nif (e === "postgres") stop();'],
      ["config/a.ts", "const a = process.env.HOME;"],
      ["cli/a.ts", 'console.log("the mongodb engine");\nprocess.stderr.write(process.cwd());'],
      ["main.ts", 'import "./cli/a.js";\n// process.env, console.log\nprocess.exit(1);'],
      ["plan/a.ts", "const a = { process: 1, console: 2 };\nexport const b = a.process + a.console;"],
    ]);
    expect(violations(allowed)).toEqual([]);
  });
});
