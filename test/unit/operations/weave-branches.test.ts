import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openProject } from "../../../src/operations/project.js";
import { type WeaveOptions, weave } from "../../../src/operations/weave.js";
import { pushBranch } from "../../../src/operations/weave-branch.js";
import type { TestProject } from "../../support/command.js";
import { gitIn } from "../../support/git.js";
import { onDatabase } from "../../support/postgres-client.js";
import { makeTwin } from "../../support/twin.js";

const products = `CREATE TABLE products (id int PRIMARY KEY, name text, price int);
  INSERT INTO products VALUES (1, 'Loom', 10), (2, 'Reed', 20), (3, 'Shuttle', 30);`;
const file = (id: number) => `data/all/products/${id}.json`;
const text = (id: number, name: string, price: number) => `${JSON.stringify({ id, name, price }, null, 2)}\n`;

/** A woven project. */
async function woven() {
  const { project, source } = await makeTwin(products);
  const { directory, git } = project;
  await weave({ directory });
  return {
    project,
    git,
    sql: (statement: string) => onDatabase(source, statement),
    weave: (options: Partial<WeaveOptions> = {}) => weave({ directory, ...options }),
    edit(id: number, name: string, price: number): string {
      project.write(file(id), text(id, name, price));
      return project.commitAll(`edit ${id}`);
    },
    at: (revision: string, id: number) => `${git("show", `${revision}:${file(id)}`)}\n`,
  };
}

const rename = (path: string, name: string) =>
  writeFileSync(path, readFileSync(path, "utf8").replace(/"name": ".*"/, `"name": "${name}"`));
const failing = (run: () => unknown) => expect(run).toThrow();
const tipOf = ({ git }: TestProject, revision = "HEAD") => git("rev-parse", revision);

test("promise 8: a branch of pull requests: several weaves, edits, main merged in by field, then a squash, a rebase, a merge", async () => {
  const { project, git, sql, weave, edit, at } = await woven();
  await sql("UPDATE products SET price = 11 WHERE id = 1");
  await weave({ branch: "pull", onto: "main" });
  edit(1, "Big loom", 10);
  edit(2, "Big reed", 20);
  await sql("UPDATE products SET price = 21 WHERE id = 2");
  // Twice on one branch; main is merged in, where git alone sees a conflict in 1.json.
  const second = await weave({ branch: "pull", onto: "main" });
  expect(second.notes).toEqual(["main is merged into pull"]);
  expect(second.weaves[0]!.datasets).toMatchObject([{ changed: 1, edited: ["products/1.json", "products/2.json"] }]);
  expect([at("pull", 1), at("pull", 2)]).toEqual([text(1, "Big loom", 11), text(2, "Big reed", 21)]);
  expect(git("log", "--format=%s", "-3", "--first-parent", "pull").split("\n")).toEqual([
    "weave all: 1 changed",
    "Merge main into pull",
    "weave all: 1 changed",
  ]);
  // Nothing new, but main moved on: the branch takes that along.
  edit(3, "Big shuttle", 30);
  expect((await weave({ branch: "pull", onto: "main" })).commits).toEqual([]);
  expect(at("pull", 3)).toBe(text(3, "Big shuttle", 30));
  expect((await weave({ branch: "pull", onto: "main" })).commits).toEqual([]);

  git("merge", "--quiet", "--squash", "pull");
  git("commit", "--quiet", "--message", "squashed");
  expect((await weave()).commits).toEqual([]);
  await sql("UPDATE products SET price = 12 WHERE id = 1");
  await weave({ branch: "pull", onto: "main" });
  expect(at("pull", 1)).toBe(text(1, "Big loom", 12));

  await weave({ branch: "other" });
  edit(2, "Bigger reed", 21);
  git("checkout", "--quiet", "other");
  git("rebase", "--quiet", "main");
  expect((await weave()).commits).toEqual([]);
  git("checkout", "--quiet", "main");
  git("merge", "--quiet", "--no-ff", "other");
  expect((await weave()).commits).toEqual([]);
  expect([at("main", 1), at("main", 2)]).toEqual([text(1, "Big loom", 12), text(2, "Bigger reed", 21)]);
  expect(git("status", "--porcelain")).toBe("");
  expect(tipOf(project)).toBe(tipOf(project, "main"));
});

test("promise 8: a closed pull request, a force push and a reverted weave: the source's change comes again, edits stay", async () => {
  const { project, git, sql, weave, edit, at } = await woven();
  edit(2, "Big reed", 20);
  await sql("UPDATE products SET price = 11 WHERE id = 1");
  await weave({ branch: "closed" });
  git("branch", "--quiet", "-D", "closed");
  const again = await weave({ branch: "next" });
  expect(again.weaves[0]!.datasets).toMatchObject([{ changed: 1, edited: ["products/2.json"] }]);
  git("update-ref", "refs/heads/next", "main");
  expect((await weave({ branch: "next" })).commits).toHaveLength(1);

  await weave();
  git("revert", "--no-edit", "HEAD");
  const revert = tipOf(project).slice(0, 10);
  expect(at("HEAD", 1)).toBe(text(1, "Loom", 10));
  const { notes } = await weave();
  expect(notes).toEqual([
    `all: what ${revert} (Revert "weave all: 1 changed") took back, and the source still has, comes again`,
  ]);
  expect([at("HEAD", 1), at("HEAD", 2)]).toEqual([text(1, "Loom", 11), text(2, "Big reed", 20)]);
});

test("promise 8: --conflict-branch: git merges what the source gives, with the last view as base, and then it is settled", async () => {
  const { project, git, sql, weave, edit, at } = await woven();
  edit(1, "Loom", 12);
  edit(2, "Big reed", 20);
  await sql("UPDATE products SET price = 11 WHERE id = 1; UPDATE products SET price = 21 WHERE id = 2");
  const tip = tipOf(project);
  const conflict = {
    code: "HDL603",
    exitCode: 4,
    problems: [{ file: file(1), path: "/price" }],
    hint: expect.stringContaining("git merge theirs"),
  };
  await expect(weave({ conflictBranch: "theirs" })).rejects.toMatchObject(conflict);
  expect([tipOf(project), git("status", "--porcelain")]).toEqual([tip, ""]);
  await expect(weave({ conflictBranch: "main" })).rejects.toMatchObject({ code: "HDL100" });
  const first = tipOf(project, "theirs");
  // The source goes on: the branch is continued. Nothing new: it stays.
  await sql("UPDATE products SET price = 13 WHERE id = 1");
  const continued = { ...conflict, hint: expect.stringContaining("theirs goes on") };
  for (let i = 0; i < 2; i++) await expect(weave({ conflictBranch: "theirs" })).rejects.toMatchObject(continued);
  expect(git("rev-list", `${first}..theirs`).split("\n")).toHaveLength(1);
  expect(git("merge-base", "main", "theirs")).toBe(git("rev-parse", "main~2"));

  await project.succeed("git-setup");
  project.commitAll("attributes");
  failing(() => git("merge", "--quiet", "theirs"));
  expect(git("diff", "--name-only", "--diff-filter=U")).toBe(file(1));
  expect(readFileSync(join(project.directory, file(1)), "utf8")).toContain('<<<<<<< ours\n  "price": 12');
  // While it is not resolved, nothing is woven.
  await expect(weave()).rejects.toMatchObject({ code: "HDL303" });
  project.write(file(1), text(1, "Loom", 12));
  project.commitAll("merged");
  expect(at("HEAD", 2)).toBe(text(2, "Big reed", 21));
  const settled = await weave();
  expect(settled.commits).toEqual([]);
  expect(settled.weaves[0]!.datasets).toMatchObject([{ edited: ["products/1.json", "products/2.json"] }]);

  // Again, with a branch that was merged.
  edit(3, "Big shuttle", 30);
  await sql("UPDATE products SET name = 'Shuttle!' WHERE id = 3");
  await expect(weave({ conflictBranch: "theirs" })).rejects.toMatchObject({
    hint: expect.stringContaining("git merge theirs"),
  });
  expect(git("merge-base", "--is-ancestor", first, "theirs")).toBe("");
  failing(() => git("merge", "--quiet", "theirs"));
  project.write(file(3), text(3, "Shuttle!", 30));
  project.commitAll("merged");

  // An edit older than the last weave: git, with that as base, would not see it.
  await sql("UPDATE products SET price = 32 WHERE id = 3");
  expect((await weave()).commits).toHaveLength(1);
  await sql("UPDATE products SET price = 14 WHERE id = 1; UPDATE products SET price = 22 WHERE id = 2");
  await expect(weave({ conflictBranch: "theirs" })).rejects.toMatchObject({
    problems: [{ file: file(1), path: "/price" }],
    hint: expect.stringContaining("git switch theirs"),
  });
  expect(at("theirs", 1)).toContain(
    '<<<<<<< ours\n  "price": 12\n||||||| base\n  "price": 13\n=======\n  "price": 14\n>>>>>>> theirs',
  );
  expect(at("theirs", 2)).toBe(text(2, "Big reed", 22));
  await sql("UPDATE products SET price = 15 WHERE id = 1");
  await expect(weave({ conflictBranch: "theirs" })).rejects.toMatchObject({
    hint: expect.stringContaining("of its own"),
  });
  git("checkout", "--quiet", "theirs");
  expect((await project.heddle("validate")).stderr).toContain("an unresolved merge conflict");
  project.write(file(1), text(1, "Loom", 15));
  project.commitAll("resolved");
  git("checkout", "--quiet", "main");
  git("merge", "--quiet", "--ff-only", "theirs");
  await weave();
  expect(at("HEAD", 1)).toBe(text(1, "Loom", 15));
  expect((await weave()).commits).toEqual([]);
});

test("two branches that were woven: their views become one in the driver and in --onto; without, the two are named", async () => {
  const { project, git, sql, weave, edit, at } = await woven();
  const start = tipOf(project);
  await sql("UPDATE products SET price = 11 WHERE id = 1");
  await weave({ branch: "one" });
  await sql("UPDATE products SET price = 10, name = 'Loom!' WHERE id = 1; UPDATE products SET price = 21 WHERE id = 2");
  await weave({ branch: "two" });
  edit(3, "Big shuttle", 30);
  const view = (revision: string) =>
    (JSON.parse(git("show", `${revision}:data/all/_weave.json`)) as { view: string }).view;

  // What one branch has of an older moment of the source is no edit: the next weave brings the source's own.
  await weave({ branch: "two", onto: "main" });
  await weave({ branch: "two", onto: "one" });
  expect(at("two", 1)).toBe(text(1, "Loom!", 10));
  expect(git("log", "--format=%s", "--first-parent", "-2", "two").split("\n")).toEqual([
    "weave all: 1 changed",
    "Merge one into two",
  ]);
  const merged = view("two~1");
  expect([view("one"), view("two~2")]).not.toContain(merged);
  expect(git("rev-parse", `refs/heddle/views/${merged}^{tree}`)).toBe(merged);

  git("reset", "--quiet", "--hard", start);
  failing(() => git("merge", "--quiet", "--no-edit", "one", "two~2"));
  git("reset", "--quiet", "--hard", "one");
  failing(() => git("merge", "--quiet", "two~2"));
  expect(git("diff", "--name-only", "--diff-filter=U").split("\n")).toContain("data/all/_weave.json");
  project.write(file(1), text(1, "Loom!", 11));
  project.commitAll("merged by hand, with the markers");
  await expect(weave()).rejects.toMatchObject({
    code: "HDL400",
    problems: [
      {
        file: "data/all/_weave.json",
        message: expect.stringContaining(view("two~2")),
        hint: expect.stringContaining("git-setup"),
      },
    ],
  });

  git("reset", "--quiet", "--hard", "one");
  await project.succeed("git-setup");
  project.commitAll("attributes");
  git("merge", "--quiet", "--no-edit", "two~2");
  expect(view("HEAD")).toBe(merged);
  await weave();
  expect(at("HEAD", 1)).toBe(text(1, "Loom!", 10));
});

test("F42: --push takes views along, merges what the remote has, and never forces", async () => {
  const { project, git, sql, weave: weaveHere, edit } = await woven();
  const { environment } = project;
  const bare = project.beside("bare.git");
  git("clone", "--quiet", "--bare", ".", bare);
  await expect(weaveHere({ push: true })).rejects.toMatchObject({
    code: "HDL314",
    message: "there is no remote to push to",
  });
  git("remote", "add", "origin", bare);
  edit(2, "Big reed", 20);
  await sql("UPDATE products SET price = 11 WHERE id = 1");
  await weaveHere({ push: true });
  expect(gitIn(bare, environment, "rev-parse", "main")).toBe(git("rev-parse", "HEAD"));
  expect(gitIn(bare, environment, "for-each-ref", "refs/heddle/views").split("\n")).toHaveLength(2);

  // A conflict branch goes there too, and what the remote has got meanwhile is merged before the next attempt.
  edit(1, "Loom", 99);
  await sql("UPDATE products SET price = 12 WHERE id = 1");
  await expect(weaveHere({ push: true, conflictBranch: "theirs" })).rejects.toMatchObject({ code: "HDL603" });
  expect(gitIn(bare, environment, "rev-parse", "theirs")).toBe(git("rev-parse", "theirs"));
  expect(gitIn(bare, environment, "rev-parse", "main")).not.toBe(git("rev-parse", "main"));
  git("reset", "--quiet", "--hard", "HEAD~1");
  await sql("UPDATE products SET price = 11 WHERE id = 1");
  const third = project.beside("third");
  git("clone", "--quiet", bare, third);
  rename(join(third, file(1)), "Bigger loom");
  gitIn(third, environment, "commit", "--quiet", "--all", "--message", "theirs");
  gitIn(third, environment, "push", "--quiet", "origin", "main");
  edit(1, "Loom", 10);
  await pushBranch((await openProject(project.directory)).repository, "main", []);
  expect(gitIn(bare, environment, "show", `main:${file(1)}`)).toBe(text(1, "Bigger loom", 10).trimEnd());
  expect(git("status", "--porcelain")).toBe("");
  edit(1, "Loom", 11);
  git("push", "--quiet", "origin", "main");

  // Another clone, and an edit that is not there yet when it weaves.
  const clone = project.beside("clone");
  git("clone", "--quiet", bare, clone);
  edit(3, "Big shuttle", 30);
  git("push", "--quiet", "origin", "main");
  await sql("UPDATE products SET price = price + 1");
  const { weaves } = await weave({ directory: clone, push: true });
  expect(weaves[0]!.datasets).toMatchObject([{ changed: 3, edited: ["products/2.json", "products/3.json"] }]);
  expect(gitIn(bare, environment, "show", `main:${file(3)}`)).toBe(text(3, "Big shuttle", 31).trimEnd());
  expect(gitIn(clone, environment, "status", "--porcelain")).toBe("");

  // A branch that only the remote has is continued.
  await sql("UPDATE products SET price = price + 1");
  await weave({ directory: clone, branch: "pull", onto: "main", push: true });
  rmSync(clone, { recursive: true });
  git("clone", "--quiet", bare, clone);
  await sql("UPDATE products SET price = price + 1");
  await weave({ directory: clone, branch: "pull", onto: "main", push: true });
  expect(gitIn(bare, environment, "rev-list", "--count", "main..pull")).toBe("2");

  // A commit that was taken from the remote's branch by force does not come back.
  const kept = gitIn(bare, environment, "rev-parse", "pull");
  gitIn(bare, environment, "update-ref", "refs/heads/pull", "pull~1");
  for (let i = 0; i < 2; i++) {
    const again = weave({ directory: clone, branch: "pull", onto: "main", push: true });
    await expect(again).rejects.toMatchObject({ code: "HDL315", exitCode: 4 });
  }
  gitIn(bare, environment, "update-ref", "refs/heads/pull", kept);

  // The same field: nothing is pushed, nothing is woven.
  git("pull", "--quiet", "--ff-only", "origin", "main");
  edit(1, "Ours", 12);
  gitIn(clone, environment, "checkout", "--quiet", "main");
  rename(join(clone, file(1)), "Theirs");
  gitIn(clone, environment, "commit", "--quiet", "--all", "--message", "theirs");
  gitIn(clone, environment, "push", "--quiet", "origin", "main");
  const tip = tipOf(project);
  await expect(weaveHere({ push: true })).rejects.toMatchObject({
    code: "HDL313",
    exitCode: 4,
    problems: [{ file: file(1), path: "/name" }],
  });
  expect(tipOf(project)).toBe(tip);
  git("fetch", "--quiet", "origin", "refs/heddle/views/*:refs/heddle/views/*");
  git("remote", "set-url", "origin", "https://user:secret@localhost:1/none");
  git("reset", "--quiet", "--hard", "HEAD~1");
  const unreachable = await weaveHere({ push: true }).catch((error) => error);
  expect(unreachable).toMatchObject({ code: "HDL314" });
  expect(unreachable.message).not.toContain("secret");
});

test("what is easily overlooked is said: a detached HEAD, and configuration that another branch does not have", async () => {
  const { project, git, weave } = await woven();
  git("checkout", "--quiet", "--detach");
  expect((await weave()).notes).toEqual([expect.stringContaining("HEAD is detached")]);
  git("checkout", "--quiet", "main");
  const config = readFileSync(join(project.directory, "weave-configs/heddle.yaml"), "utf8");
  project.write("weave-configs/heddle.yaml", `${config}# more\n`);
  expect((await weave({ branch: "other" })).notes).toEqual([
    "not used, since it is not committed to other: weave-configs/heddle.yaml",
  ]);
});
