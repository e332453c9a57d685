import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { gitEnvironment } from "../../../src/config/environment.js";
import { head, openTarget } from "../../../src/repository/branch.js";
import { openRepository } from "../../../src/repository/repository.js";
import {
  commitsBetween,
  findCommitWithTrees,
  hasObject,
  isAncestor,
  resolveRevision,
} from "../../../src/repository/revision.js";
import { atCommit, readText } from "../../../src/repository/source.js";
import { gitIn, makeRepository, type TestRepository } from "../../support/git.js";

const open = (made: TestRepository, directory = made.directory) =>
  openRepository(directory, { environment: made.environment });

describe("opening", () => {
  test("a directory without a repository, and one that does not exist: HDL101", async () => {
    using made = makeRepository();
    mkdirSync(made.beside("plain"));
    await expect(open(made, made.beside("plain"))).rejects.toMatchObject({ code: "HDL101" });
    await expect(open(made, made.beside("absent"))).rejects.toMatchObject({ code: "HDL101" });
    await expect(open(made, join(made.directory, ".git"))).rejects.toMatchObject({ code: "HDL101" });
  });

  test("F40: a SHA-256 repository is refused by name", async () => {
    using made = makeRepository("--object-format=sha256");
    await expect(open(made)).rejects.toMatchObject({ code: "HDL305", message: /sha256/ });
  });

  test("a project in a subdirectory, and the same one in a bare clone", async () => {
    using made = makeRepository();
    made.write("shop/data/a.txt", "one\n");
    made.write("data/a.txt", "other\n");
    const tip = made.commitAll();
    const project = await open(made, join(made.directory, "shop"));
    expect(project.prefix).toBe("shop/");
    expect(await readText(atCommit(project, tip), "data/a.txt")).toBe("one\n");
    made.git("clone", "--quiet", "--bare", ".", made.beside("bare"));
    const bare = await openRepository(made.beside("bare"), { environment: made.environment, prefix: "shop" });
    expect(bare.workTree).toBeUndefined();
    expect(await readText(atCommit(bare, tip), "data/a.txt")).toBe("one\n");
    expect(await head(bare)).toEqual({ branch: "main", commit: tip });
  });

  test("F41: GIT_* of an outer git, such as a hook's, redirect nothing", async () => {
    using made = makeRepository();
    made.write("a", "one\n");
    const tip = made.commitAll();
    const outer = {
      GIT_DIR: "/nowhere",
      GIT_WORK_TREE: "/nowhere",
      GIT_INDEX_FILE: "/nowhere",
      GIT_OBJECT_DIRECTORY: "/nowhere",
      GIT_NAMESPACE: "other",
      GIT_CONFIG_PARAMETERS: "'core.bare'='true'",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "core.worktree",
      GIT_CONFIG_VALUE_0: "/nowhere",
    };
    const environment = gitEnvironment({ ...made.environment, ...outer });
    const repository = await openRepository(made.directory, { environment });
    expect(repository.workTree).toBe(made.directory);
    expect(await readText(atCommit(repository, await resolveRevision(repository, "HEAD")), "a")).toBe("one\n");
    expect(await head(repository)).toEqual({ branch: "main", commit: tip });
  });

  test("without git on PATH it says so", async () => {
    using made = makeRepository();
    const environment = { ...made.environment, PATH: "/nowhere" };
    await expect(openRepository(made.directory, { environment })).rejects.toMatchObject({
      code: "HDL300",
      hint: /install git/,
    });
  });
});

describe("revisions", () => {
  test("F42: whatever is no revision is refused, options above all", async () => {
    using made = makeRepository();
    const tip = made.commitAll();
    made.git("tag", "v1");
    const repository = await open(made);
    for (const name of ["HEAD", "main", "v1", tip.slice(0, 10)])
      expect(await resolveRevision(repository, name)).toBe(tip);
    const bad = [
      "--output=x",
      "-h",
      "--all",
      "",
      " ",
      "none",
      "a\0b",
      "HEAD:data",
      "main..v1",
      "^main",
      "f".repeat(40),
    ];
    for (const name of bad) {
      await expect(resolveRevision(repository, name), name).rejects.toMatchObject({ code: "HDL301" });
    }
  });

  test("HEAD: on a branch, detached, unborn", async () => {
    using made = makeRepository();
    const repository = await open(made);
    expect(await head(repository)).toEqual({ branch: "main", commit: undefined });
    const tip = made.commitAll();
    expect(await head(repository)).toEqual({ branch: "main", commit: tip });
    made.git("checkout", "--quiet", "--detach");
    expect(await head(repository)).toEqual({ branch: undefined, commit: tip });
  });

  test.each([
    ["empty", ""],
    ["garbage", "hello\n"],
    ["a commit that is not there", `${"1".repeat(40)}\n`],
  ])("F39: a ref that is %s is an error, never a first run", async (_, content) => {
    using made = makeRepository();
    made.commitAll();
    const repository = await open(made);
    writeFileSync(join(made.directory, ".git/refs/heads/topic"), content);
    await expect(openTarget(repository, "topic")).rejects.toMatchObject({ code: "HDL307" });
    writeFileSync(join(made.directory, ".git/refs/heads/main"), content);
    await expect(openTarget(repository)).rejects.toMatchObject({ code: "HDL307" });
    await expect(head(repository)).rejects.toMatchObject({ code: "HDL307" });
  });

  test("ancestors, and what a shallow clone cannot tell", async () => {
    using made = makeRepository();
    const first = made.commitAll("one");
    const second = made.commitAll("two");
    made.git("checkout", "--quiet", "-b", "side", first);
    const side = made.commitAll("three");
    const repository = await open(made);
    expect(await isAncestor(repository, first, side)).toBe(true);
    expect(await isAncestor(repository, side, side)).toBe(true);
    expect(await isAncestor(repository, second, side)).toBe(false);
    expect(await isAncestor(repository, "1".repeat(40), side)).toBe(false);
    made.git("clone", "--quiet", "--depth=1", "--branch=side", `file://${made.directory}`, made.beside("shallow"));
    const shallow = await open(made, made.beside("shallow"));
    expect(await isAncestor(shallow, first, side)).toBe(undefined);
    expect(await isAncestor(shallow, side, side)).toBe(true);
    expect(await hasObject(shallow, first)).toBe(false);
    expect(await hasObject(shallow, side)).toBe(true);
  });

  test("F43: commits between two are listed without anything that a terminal obeys", async () => {
    using made = makeRepository();
    const first = made.commitAll("one");
    made.git("config", "user.name", "E\u001b[31mve");
    made.git(
      "-c",
      "user.name=E\u001b[31mve",
      "commit",
      "--quiet",
      "--allow-empty",
      "--author=E\u001b[2Jve <e@x>",
      "-m",
      "sub\u001b]0;x\u0007ject\u202e\n\nbody",
    );
    const tip = made.git("rev-parse", "HEAD");
    const [commit, ...others] = await commitsBetween(await open(made), first, tip);
    expect(others).toEqual([]);
    expect(commit).toMatchObject({ id: tip, subject: "sub]0;xject", author: "E[2Jve" });
    expect(Number.isNaN(Date.parse(commit!.time))).toBe(false);
  });

  test("F39: a squashed commit is found by its trees", async () => {
    using made = makeRepository();
    made.write("data/a/x", "1");
    made.write("data/b/x", "1");
    const first = made.commitAll();
    made.git("checkout", "--quiet", "-b", "topic");
    made.write("data/a/x", "2");
    made.commitAll();
    made.write("data/b/x", "2");
    const applied = made.commitAll();
    made.git("checkout", "--quiet", "main");
    made.write("unrelated", "1");
    made.commitAll();
    made.git("merge", "--quiet", "--squash", "topic");
    const squashed = made.commitAll();
    made.write("data/a/x", "3");
    const tip = made.commitAll();
    const repository = await open(made);
    const trees = (commit: string) =>
      new Map(["data/a", "data/b"].map((path) => [path, made.git("rev-parse", `${commit}:${path}`)]));
    expect(await findCommitWithTrees(repository, tip, trees(applied))).toBe(squashed);
    expect(await findCommitWithTrees(repository, tip, trees(first))).not.toBeUndefined();
    expect(await findCommitWithTrees(repository, first, trees(applied))).toBeUndefined();
    expect(await findCommitWithTrees(repository, tip, new Map([["data/none", first]]))).toBeUndefined();
  });
});

describe("reading files", () => {
  test("regular UTF-8 files only; nothing is there: undefined", async () => {
    using made = makeRepository();
    made.write("data/a", "text\n");
    made.write("data/binary", Buffer.from([0xff, 0xfe]));
    const source = atCommit(await open(made), made.commitAll());
    expect(await readText(source, "data/a")).toBe("text\n");
    expect(await readText(source, "data/none")).toBeUndefined();
    expect(await readText(source, "none/none")).toBeUndefined();
    await expect(readText(source, "data")).rejects.toMatchObject({ code: "HDL400" });
    await expect(readText(source, "data/a/b")).rejects.toMatchObject({ code: "HDL400", message: /^data\/a is not/ });
    await expect(readText(source, "data/binary")).rejects.toMatchObject({ code: "HDL400" });
  });

  test("a missing tree is an error, never an empty directory", async () => {
    using made = makeRepository();
    made.write("data/catalog/products/a", "1");
    const tip = made.commitAll();
    const tree = made.git("rev-parse", "HEAD:data/catalog/products");
    rmSync(join(made.directory, ".git/objects", tree.slice(0, 2), tree.slice(2)));
    const source = atCommit(await open(made), tip);
    const list = async () => {
      for await (const _ of source.list("data/catalog"));
    };
    await expect(list()).rejects.toMatchObject({ code: "HDL300" });
    const above = made.git("rev-parse", "HEAD:data");
    rmSync(join(made.directory, ".git/objects", above.slice(0, 2), above.slice(2)));
    await expect(list()).rejects.toMatchObject({ code: "HDL300" });
  });

  test("F41: replace refs do not change what is read", async () => {
    using made = makeRepository();
    made.write("a", "true\n");
    const tip = made.commitAll();
    made.write("a", "false\n");
    made.commitAll();
    made.git("replace", made.git("rev-parse", `${tip}:a`), made.git("rev-parse", "HEAD:a"));
    expect(gitIn(made.directory, made.environment, "show", `${tip}:a`)).toBe("false");
    expect(await readText(atCommit(await open(made), tip), "a")).toBe("true\n");
  });
});
