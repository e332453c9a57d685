import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { commandPath, makeProject, type Run, runCommand, type TestProject } from "../support/command.js";
import { onDatabase, rowVersions } from "../support/postgres-client.js";
import { createMongodbDatabase, createPostgresDatabase, describeMongodb } from "../support/servers.js";

const config = `apiVersion: heddle/v1
kind: Weave
metadata: { name: store }
spec:
  source: { url: "\${SOURCE_URL}" }
  select: [{ dataset: genre }]
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: copy }
spec:
  database: { url: "\${COPY_URL}" }
  weaves: [store]
`;
const file = "weave-configs/heddle.yaml";

let project: TestProject;
let variables: Record<string, string>;
/** The commit with the configuration alone, and the one with the data. */
let empty: string;
let woven: string;

beforeAll(async () => {
  project = makeProject(config);
  empty = project.git("rev-parse", "HEAD");
  variables = { SOURCE_URL: await createPostgresDatabase(), COPY_URL: await createPostgresDatabase() };
  Object.assign(project.variables, variables);
  const schema = "CREATE TABLE genre (id int PRIMARY KEY, name text); CREATE TABLE log (line text);";
  await onDatabase(variables.SOURCE_URL!, `${schema} INSERT INTO genre VALUES (1, 'Jazz'), (2, 'Blues')`);
  await onDatabase(variables.COPY_URL!, schema);
  await project.succeed("weave");
  await project.succeed("apply", "copy", "--yes");
  woven = project.git("rev-parse", "HEAD");
});
afterAll(() => project[Symbol.dispose]());

beforeEach(() => {
  project.git("reset", "--quiet", "--hard", woven);
  project.git("clean", "--quiet", "-fd");
  Object.assign(project.variables, variables);
});

/** Everything a command could change: refs, work tree, both databases. */
async function world(): Promise<unknown> {
  return {
    refs: project.git("for-each-ref"),
    head: readFileSync(join(project.directory, ".git/HEAD"), "utf8"),
    files: project.git("status", "--porcelain=v1", "--untracked-files=all", "--ignored"),
    edits: project.git("diff", "HEAD"),
    databases: [await rowVersions(variables.SOURCE_URL!), await rowVersions(variables.COPY_URL!)],
  };
}

/** Runs a command that has to fail and to change nothing. */
async function refused(...args: string[]): Promise<Run> {
  const before = await world();
  const run = await project.heddle(...args);
  expect(await world(), "a refused command wrote something").toEqual(before);
  return run;
}

/** Exit 1, nothing on standard output, the code and every one of these texts on standard error, and no stack. */
function expectError(run: Run, code: string, ...texts: string[]): void {
  expect(run.stderr).toContain(`error ${code}: `);
  for (const text of texts) expect(run.stderr).toContain(text);
  expect(run.stderr).not.toMatch(/^\s+at /m);
  expect(run.stdout).toBe("");
  expect(run.code).toBe(1);
}

const edit = (text: string, by: string) => {
  expect(config).toContain(text);
  project.write(file, config.replace(text, by));
};

describe("configuration", () => {
  it("a YAML mistake: file, line and column", async () => {
    edit("[{ dataset: genre }]", "[{ dataset: genre }");
    expectError(await refused("weave"), "HDL102", `${file}:7:1`);
  });

  it("several mistakes are told at once, each with its place and the nearest name", async () => {
    edit("  select: [{ dataset: genre }]", "  slect: [{ dataset: genre }]");
    project.write("weave-configs/second.yaml", "apiVersion: heddle/v1\nkind: Weev\n");
    const run = await refused("validate");
    expectError(
      run,
      "HDL102",
      `${file}:6:3`,
      'did you mean "select"?',
      "weave-configs/second.yaml:2:7",
      "possible: Weave",
    );
  });

  it("a missing variable: its name and its place", async () => {
    delete project.variables.SOURCE_URL;
    expectError(await refused("weave"), "HDL103", "SOURCE_URL", `${file}:5:18`);
    project.variables.COPY_URL = "";
    expectError(await refused("apply", "copy", "--yes"), "HDL103", "COPY_URL", "empty");
  });

  it("an unknown dataset: its place and the nearest name", async () => {
    edit("dataset: genre", "dataset: genres");
    expectError(await refused("weave"), "HDL104", `${file}:6:23`, '"genres"', 'did you mean "genre"?');
  });

  it("a where that the server refuses: its place and dataset", async () => {
    edit("dataset: genre", 'dataset: genre, where: "nme = 1"');
    const place = `${file}:6:37: genre: /spec/select/0/where: `;
    expectError(await refused("weave"), "HDL202", `${place}column "nme" does not exist`);
  });

  it("D25: a dataset without a key", async () => {
    edit("dataset: genre", "dataset: log");
    expectError(await refused("weave"), "HDL203", "log: has no primary key", "key: [...]");
  });

  it("an unknown weave or environment: the nearest name", async () => {
    expectError(await refused("weave", "stor"), "HDL104", '"stor"', '"store"');
    for (const verb of ["plan", "apply", "drift"]) {
      expectError(await refused(verb, "cpoy"), "HDL104", '"cpoy"', '"copy"');
    }
  });

  it("an environment in the work tree only: says git commit, or --config .", async () => {
    project.write(file, config.replace("name: copy", "name: other"));
    expectError(await refused("apply", "other", "--yes"), "HDL104", "work tree", "git commit", "--config .");
    const run = await project.heddle("plan", "other", "--config", ".");
    expect(run.stderr).toContain("HDL606"); // the same database, under another name
  });
});

describe("output", () => {
  it("a full disk behind standard output is an error, not a stack", async () => {
    const line = `exec "$0" "$@" > /dev/full`;
    const run = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(
        "bash",
        ["-c", line, process.execPath, commandPath, "validate"],
        { cwd: project.directory, env: project.environment },
        (error, _, stderr) => resolve({ code: error?.code, stderr }),
      );
    });
    expect(run).toEqual({ code: 1, stderr: expect.stringMatching(/^error HDL106: [^\n]*ENOSPC[^\n]*\n$/) });
  });

  it("history prints one line or more", async () => {
    expectError(await refused("history", "copy", "--limit", "0"), "HDL100", "from 1");
  });
});

describe("databases", () => {
  it("status tells of an environment that cannot be reached, and fails", async () => {
    const other = config.split("---")[1]!.replace("name: copy", "name: gone").replace("COPY_URL", "GONE_URL");
    project.write("weave-configs/z.yaml", other.trimStart());
    project.variables.GONE_URL = "postgres://nobody@127.0.0.1:1/none";
    const { code, stdout } = await project.heddle("status", "--config", ".");
    expect(stdout).toMatch(/^copy: [\da-f]{10} since .*\n(?: .*\n)*gone: HDL200: /m);
    expect(code).toBe(1);
  });

  const changed = (name: string, change: (url: URL) => void) => {
    const url = new URL(variables[name]!);
    change(url);
    project.variables[name] = url.href;
  };

  it("a wrong password", async () => {
    for (const name of ["SOURCE_URL", "COPY_URL"]) changed(name, (url) => (url.password = "wrong-word"));
    for (const args of [["weave"], ["plan", "copy"], ["apply", "copy", "--yes"], ["drift", "copy"]]) {
      const run = await refused(...args);
      expectError(run, "HDL201", "refused the login", "password");
      expect(run.stderr).not.toContain("wrong-word");
    }
  });

  it("an unreachable server", async () => {
    for (const name of ["SOURCE_URL", "COPY_URL"]) changed(name, (url) => (url.port = "1"));
    expectError(await refused("weave"), "HDL200", "the source of store", "cannot connect");
    expectError(await refused("apply", "copy", "--yes"), "HDL200", "copy", "cannot connect");
  });

  it("a URL of no engine, and a database that is not there", async () => {
    project.variables.SOURCE_URL = "mysql://localhost/shop";
    expectError(await refused("weave"), "HDL200", "no engine for mysql:", "postgres:", "mongodb:");
    project.variables.SOURCE_URL = variables.SOURCE_URL!;
    changed("COPY_URL", (url) => (url.pathname = "/nowhere"));
    expectError(await refused("plan", "copy"), "HDL200", "copy", "nowhere");
  });
});

describe("data files", () => {
  const bad = (text: string | Buffer, path = "data/store/genre/1.json") => {
    project.write(path, text);
    project.commitAll("a bad file");
  };
  const verbs = [["plan", "copy"], ["apply", "copy", "--yes"], ["validate"]];

  it("E37: a manifest that is no JSON", async () => {
    bad('{\n  "id": 1,\n  "name": Jazz\n}\n');
    for (const args of verbs) {
      expectError(await refused(...args), "HDL400", "data/store/genre/1.json:3:11");
    }
  });

  it("E37: a manifest with a key twice, one with a wrong type and one under a wrong name, all told at once", async () => {
    project.write("data/store/genre/3.json", '{\n  "id": 4,\n  "name": "Rock"\n}\n');
    project.write("data/store/genre/2.json", '{\n  "id": "two",\n  "name": "Rock"\n}\n');
    bad('{\n  "id": 1,\n  "name": "Jazz",\n  "name": "Rock"\n}\n');
    for (const args of verbs) {
      const run = await refused(...args);
      expectError(run, "HDL400", "genre/1.json:4:3", "genre/2.json", "/id", "genre/3.json");
    }
  });
});

describe("command line", () => {
  it("an unknown flag, a missing argument, a flag that wants a number", async () => {
    expectError(await refused("apply", "copy", "--force"), "HDL100", "--force", "heddle help");
    expectError(await refused("apply"), "HDL100", "environment");
    expectError(await refused("weav"), "HDL100", "weav");
    expectError(await refused("apply", "copy", "--allow-deletes", "all"), "HDL100", "--allow-deletes");
  });

  it("a URL with a password as an argument, which is not repeated", async () => {
    const url = "postgres://ada:open-sesame@localhost/shop";
    for (const args of [
      ["plan", url],
      ["apply", url, "--yes"],
      ["drift", url],
      ["init", "--from", url],
    ]) {
      const run = await refused(...args);
      expectError(run, "HDL100", "env:");
      expect(run.stderr).not.toContain("open-sesame");
    }
  });

  it("F42: a revision that looks like an option of git", async () => {
    for (const verb of ["plan", "apply"]) {
      expectError(await refused(verb, "copy", "--rev", "--output=x"), "HDL301", "--output=x is not a revision");
      expectError(await refused(verb, "copy", "--config", "--output=x"), "HDL301", "--output=x is not a revision");
    }
    expect(existsSync(join(project.directory, "x"))).toBe(false);
    expectError(await refused("weave", "--branch", "--output=x"), "HDL301", "--output=x");
  });

  it("a revision that is not there, or without data", async () => {
    expectError(await refused("plan", "copy", "--rev", "no-such"), "HDL301", "no-such");
    const url = await createPostgresDatabase();
    await onDatabase(url, "CREATE TABLE genre (id int PRIMARY KEY, name text)");
    project.variables.COPY_URL = url;
    const run = await refused("apply", "copy", "--yes", "--rev", empty);
    expectError(run, "HDL104", "no data of store", "heddle weave store");
    expect(await onDatabase(url, "SELECT * FROM genre")).toEqual([]);
  });

  it("no project, and a project without a repository", async () => {
    const directory = project.beside("elsewhere");
    mkdirSync(directory);
    const run = (...args: string[]) => runCommand(directory, { ...project.environment, ...variables }, args);
    for (const args of [["weave"], ["plan", "copy"], ["validate"], ["config", "show"]]) {
      expectError(await run(...args), "HDL101", "no weave-configs/", "heddle init");
    }
    mkdirSync(join(directory, "weave-configs"));
    writeFileSync(join(directory, file), config);
    for (const args of [["weave"], ["plan", "copy"], ["apply", "copy", "--yes"]]) {
      expectError(await run(...args), "HDL101", "no git repository", "git init");
    }
    rmSync(directory, { recursive: true });
  });
});

describeMongodb("engines", () => {
  it("entries of one engine are not applied to another", async () => {
    project.variables.COPY_URL = await createMongodbDatabase();
    const run = await refused("apply", "copy", "--yes");
    expectError(run, "HDL203", "genre was woven from postgresql, not mongodb");
  });

  it("a MongoDB that cannot be reached", async () => {
    project.variables.COPY_URL = `${inject("mongodbUrl")!.replace(/^(mongodb:\/\/)[^/?]+\/?/, "$1127.0.0.1:1/shop")}&serverSelectionTimeoutMS=500`;
    expectError(await refused("plan", "copy"), "HDL200", "copy", "cannot be reached");
  });
});
