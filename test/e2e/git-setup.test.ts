import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { commandPath, makeProject, runCommand, type TestProject } from "../support/command.js";
import { gitIn } from "../support/git.js";

const file = "data/shop/items/1.json";
const item = (fields: object) => `${JSON.stringify({ id: 1, name: "Loom", price: 10, ...fields }, null, 2)}\n`;

function project(): TestProject {
  const made = makeProject("apiVersion: heddle/v1\n");
  onTestFinished(() => made[Symbol.dispose]());
  made.write(file, item({}));
  made.commitAll("data");
  return made;
}

/** Commits these fields on a branch of their own, made from main. */
function branch({ git, write, commitAll }: TestProject, name: string, fields: object): void {
  git("checkout", "--quiet", "-b", name, "main");
  write(file, item(fields));
  commitAll(name);
}

/** What git says, where it fails. */
function failing(run: () => string): string {
  try {
    run();
  } catch (error) {
    return String((error as { stdout: Buffer }).stdout);
  }
  throw new Error("git succeeded");
}

test("two branches that edit different fields of one file merge through the driver, which git alone calls a conflict", async () => {
  const made = project();
  const { git, directory } = made;
  branch(made, "one", { name: "Big loom", tags: ["a"] });
  branch(made, "two", { price: 12 });
  expect(failing(() => git("merge", "one"))).toContain("CONFLICT");
  git("merge", "--abort");

  const first = await made.succeed("git-setup");
  expect(first.stdout).toMatch(/set merge\.heddle\.driver\n.*set \.gitattributes\n/s);
  expect((await made.succeed("git-setup")).stdout).toBe("Everything is set up.\n");
  git("merge", "--quiet", "--no-edit", "one");
  expect(readFileSync(join(directory, file), "utf8")).toBe(item({ name: "Big loom", price: 12, tags: ["a"] }));
  expect(git("show", `HEAD:${file}`)).toBe(item({ name: "Big loom", price: 12, tags: ["a"] }).trimEnd());

  // By field, also where JSON has no line of its own for it.
  git("reset", "--quiet", "--hard", "HEAD^1");
  expect(git("diff", "main", "--", file)).toContain("\n-price: 10\n+price: 12");

  await made.succeed("git-setup", "--uninstall");
  expect(git("config", "--local", "--list")).not.toContain("heddle");
  expect((await made.succeed("git-setup", "--uninstall", "--json")).stdout).toContain('"changed": []');
  expect(failing(() => git("merge", "one"))).toContain("CONFLICT");
});

test("a field that both changed leaves git's conflict, with markers around that field, and is refused until it is resolved", async () => {
  const made = project();
  const { git, directory } = made;
  await made.succeed("git-setup");
  branch(made, "one", { name: "Ours", price: 11 });
  branch(made, "two", { name: "Theirs", extra: true });
  git("checkout", "--quiet", "one");
  expect(failing(() => git("merge", "two"))).toContain("CONFLICT");
  expect(git("status", "--porcelain", "--", "data")).toBe(`UU ${file}`);
  const text = readFileSync(join(directory, file), "utf8");
  expect(text).toBe(
    '{\n  "id": 1,\n<<<<<<< ours\n  "name": "Ours",\n||||||| base\n  "name": "Loom",\n=======\n  "name": "Theirs",\n>>>>>>> theirs\n  "price": 11,\n  "extra": true\n}\n',
  );
  expect(git("ls-files", "--stage", "--", file).split("\n")).toHaveLength(3);
  writeFileSync(join(directory, file), text.replace(/<<<<<<<.*?=======\n(.*?)>>>>>>> theirs\n/s, "$1"));
  git("commit", "--quiet", "--all", "--no-edit");
  expect(JSON.parse(git("show", `HEAD:${file}`))).toEqual({ id: 1, name: "Theirs", price: 11, extra: true });
});

test("from a path with blanks, quotes and percent signs; in linked work trees; twice is once", async () => {
  const made = project();
  const { git, environment } = made;
  const odd = made.beside('it\'s 100%P "odd"');
  mkdirSync(odd);
  cpSync(dirname(commandPath), join(odd, "dist"), { recursive: true });
  cpSync(resolve(dirname(commandPath), "../package.json"), join(odd, "package.json"));
  symlinkSync(resolve(dirname(commandPath), "../node_modules"), join(odd, "node_modules"));
  const tree = made.beside("linked tree");
  git("worktree", "add", "--quiet", tree, "-b", "linked");
  for (let i = 0; i < 2; i++)
    execFileSync(process.execPath, [join(odd, "dist/main.js"), "git-setup"], { cwd: tree, env: environment });
  expect(git("config", "--get-all", "merge.heddle.driver").split("\n")).toHaveLength(1);
  gitIn(tree, environment, "add", "--all");
  gitIn(tree, environment, "commit", "--quiet", "--message", "attributes");
  git("merge", "--quiet", "linked");
  branch(made, "one", { name: "Big loom" });
  branch(made, "two", { price: 12 });
  gitIn(tree, environment, "merge", "--quiet", "--no-edit", "one");
  gitIn(tree, environment, "merge", "--quiet", "--no-edit", "two");
  expect(readFileSync(join(tree, file), "utf8")).toBe(item({ name: "Big loom", price: 12 }));
  expect(gitIn(tree, environment, "diff", "HEAD~1", "--", file)).toContain("+price: 12");
});

test("outside of a repository and in a bare one it is refused; git push that goes by refspecs takes views along", async () => {
  const made = project();
  const { git, environment } = made;
  const bare = made.beside("bare.git");
  git("clone", "--quiet", "--bare", ".", bare);
  for (const directory of [made.beside("."), bare]) {
    const { code, stderr } = await runCommand(directory, environment, ["git-setup"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("HDL101")]);
  }
  git("remote", "add", "origin", bare);
  expect((await made.succeed("git-setup")).stdout).toContain("`heddle weave --push` takes them along");
  git("config", "remote.origin.push", "HEAD");
  git("update-ref", "refs/heddle/views/1", "HEAD");
  expect((await made.succeed("git-setup")).stdout).toBe("set remote.origin.push\n");
  git("push", "--quiet", "origin");
  expect(gitIn(bare, environment, "rev-parse", "refs/heddle/views/1")).toBe(git("rev-parse", "HEAD"));
  await made.succeed("git-setup", "--uninstall");
  expect(git("config", "--get-all", "remote.origin.push")).toBe("HEAD");
});
