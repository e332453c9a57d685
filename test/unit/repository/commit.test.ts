import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openTarget } from "../../../src/repository/branch.js";
import { type CommitRequest, type CommitResult, commit } from "../../../src/repository/commit.js";
import { datasetDirectory, entryPath } from "../../../src/repository/layout.js";
import { openRepository, type Repository } from "../../../src/repository/repository.js";
import { uncommitted } from "../../../src/repository/work-tree.js";
import { openWriter } from "../../../src/repository/writer.js";
import { gitIn, makeRepository, type TestRepository } from "../../support/git.js";
import { memoryCodec } from "../../support/memory-codec.js";

const open = (made: TestRepository, directory = made.directory): Promise<Repository> =>
  openRepository(directory, { environment: made.environment });

/** Commits these files as all of `data/catalog`. `meanwhile` runs after everything was read and before anything is written. */
async function weave(
  repository: Repository,
  files: Record<string, string>,
  more: Partial<CommitRequest> & { branch?: string; meanwhile?: () => unknown } = {},
): Promise<CommitResult> {
  const { branch, meanwhile, ...rest } = more;
  const target = await openTarget(repository, branch);
  const writer = openWriter(repository);
  const ids = await writer.blobs(Object.values(files));
  const tree = await writer.tree(Object.keys(files).map((path, i) => [path, ids[i]!] as const));
  await meanwhile?.();
  return commit(repository, { target, writer, changes: [{ path: "data/catalog", tree }], message: "Weave", ...rest });
}

const clean = (made: TestRepository) => made.git("status", "--porcelain");
const read = (made: TestRepository, path: string) => readFileSync(join(made.directory, path), "utf8");

describe("on the checked-out branch", () => {
  test("the first commit of all, then a change, then none: index and work tree follow", async () => {
    using made = makeRepository();
    const repository = await open(made);
    const first = await weave(repository, { "products/a.json": "1", "products/b.json": "1" });
    expect(first.committed).toBe(true);
    expect(made.git("rev-parse", "HEAD")).toBe(first.tip);
    expect([clean(made), read(made, "data/catalog/products/a.json")]).toEqual(["", "1"]);
    const second = await weave(repository, { "products/a.json": "2", "products/c.json": "1" });
    expect(made.git("rev-parse", "HEAD^")).toBe(first.tip);
    expect([clean(made), read(made, "data/catalog/products/a.json")]).toEqual(["", "2"]);
    expect(existsSync(join(made.directory, "data/catalog/products/b.json"))).toBe(false);
    const third = await weave(repository, { "products/a.json": "2", "products/c.json": "1" });
    expect(third).toEqual({ tip: second.tip, committed: false });
    expect(made.git("rev-parse", "HEAD")).toBe(second.tip);
    expect(made.git("fsck", "--strict")).toBe("");
  });

  test("edits elsewhere, staged or not, stay as they are", async () => {
    using made = makeRepository();
    made.write("src/a", "1");
    made.write("src/b", "1");
    made.commitAll();
    made.write("src/a", "edited");
    made.write("src/b", "staged");
    made.git("add", "src/b");
    made.write("src/new", "new");
    await weave(await open(made), { x: "1" });
    expect(clean(made).split("\n")).toEqual([" M src/a", "M  src/b", "?? src/new"]);
    expect(made.git("show", "--stat", "--format=", "HEAD")).toMatch(/1 file changed/);
  });

  test("HDL303: an edited file or a new one in the way stops it before anything moves", async () => {
    using made = makeRepository();
    const repository = await open(made);
    const { tip } = await weave(repository, { x: "1" });
    made.write("data/catalog/x", "edited");
    const refused = weave(repository, { x: "2", y: "2" });
    await expect(refused).rejects.toMatchObject({ code: "HDL303", problems: [{ file: "data/catalog/x" }] });
    made.git("checkout", "--quiet", ".");
    made.write("data/catalog/y", "mine, not committed yet");
    await expect(weave(repository, { x: "2", y: "2" })).rejects.toMatchObject({ code: "HDL303" });
    made.write(".git/info/exclude", "y\n");
    await expect(weave(repository, { x: "2", y: "2" })).rejects.toMatchObject({ code: "HDL303" });
    expect(made.git("rev-parse", "HEAD")).toBe(tip);
    expect(read(made, "data/catalog/y")).toBe("mine, not committed yet");
    expect(await uncommitted(repository, ["data", "weave-configs"])).toEqual([]);
    rmSync(join(made.directory, ".git/info/exclude"));
    expect(await uncommitted(repository, ["data", "weave-configs"])).toEqual(["data/catalog/y"]);
  });

  test("configuration used from the work tree is committed with the data: changed, new and deleted files", async () => {
    using made = makeRepository();
    const repository = await open(made);
    made.write("weave-configs/a.yaml", "one");
    made.write("weave-configs/gone.yaml", "one");
    made.write("other", "one");
    made.commitAll();
    made.write("weave-configs/a.yaml", "two");
    made.write("weave-configs/new.yaml", "new");
    rmSync(join(made.directory, "weave-configs/gone.yaml"));
    made.write("other", "two");
    const target = await openTarget(repository);
    const writer = openWriter(repository);
    const [a, b, x] = (await writer.blobs(["two", "new", "x"])) as [string, string, string];
    await commit(repository, {
      target,
      writer,
      message: "Weave",
      changes: [
        { path: "weave-configs/a.yaml", blob: a },
        { path: "weave-configs/new.yaml", blob: b },
        { path: "weave-configs/gone.yaml", remove: true },
        { path: "data/catalog/x", blob: x },
      ],
    });
    expect(clean(made)).toBe(" M other");
    expect(made.git("show", "HEAD", "--format=", "--name-status").split("\n").sort()).toEqual([
      "A\tdata/catalog/x",
      "A\tweave-configs/new.yaml",
      "D\tweave-configs/gone.yaml",
      "M\tweave-configs/a.yaml",
    ]);
    expect(readdirSync(join(made.directory, ".git")).filter((name) => name.includes("heddle"))).toEqual([]);
  });

  test("F41: hooks, filters, attributes and fsmonitor run nothing and change no byte", async () => {
    using made = makeRepository();
    const trap = join(made.directory, ".git/trap");
    const script = `#!/bin/sh\necho "$0" >> '${trap}'\ncat\n`;
    for (const hook of ["pre-commit", "post-commit", "reference-transaction", "post-checkout", "post-index-change"]) {
      writeFileSync(join(made.directory, ".git/hooks", hook), script);
      chmodSync(join(made.directory, ".git/hooks", hook), 0o755);
    }
    const evil = made.beside("evil");
    writeFileSync(evil, `#!/bin/sh\necho filter "$@" >> '${trap}'\ntr a-z A-Z\n`);
    chmodSync(evil, 0o755);
    for (const key of ["clean", "smudge"]) made.git("config", `filter.evil.${key}`, `${evil} ${key}`);
    made.git("config", "filter.evil.required", "true");
    made.git("config", "core.fsmonitor", evil);
    made.git("config", "core.autocrlf", "true");
    made.git("config", "commit.gpgsign", "true");
    made.git("config", "gpg.program", evil);
    made.git("config", "diff.external", evil);
    made.write(".gitattributes", "* text=auto filter=evil diff=evil\n");
    const repository = await open(made);
    const text = "line\r\nline\n";
    await weave(repository, { x: text, y: "plain\n" });
    await weave(repository, { x: text, y: "changed\n" });
    expect(await uncommitted(repository, ["data"])).toEqual([]);
    expect(existsSync(trap) ? readFileSync(trap, "utf8") : "").toBe("");
    expect(made.git("cat-file", "blob", "HEAD:data/catalog/x")).toBe(text.trimEnd());
    expect(read(made, "data/catalog/y")).toBe("changed\n");
  });

  test("F40: detached HEAD moves, a sparse checkout keeps to its patterns", async () => {
    using made = makeRepository();
    made.write("src/a", "1");
    const tip = made.commitAll();
    made.git("checkout", "--quiet", "--detach");
    const repository = await open(made);
    const { tip: detached } = await weave(repository, { x: "1" });
    expect([made.git("rev-parse", "HEAD"), made.git("rev-parse", "main")]).toEqual([detached, tip]);
    expect(clean(made)).toBe("");
    made.git("checkout", "--quiet", "main");
    made.git("sparse-checkout", "set", "src");
    const sparse = await weave(repository, { x: "2" });
    expect(made.git("rev-parse", "HEAD")).toBe(sparse.tip);
    expect(clean(made)).toBe("");
    expect(existsSync(join(made.directory, "data"))).toBe(false);
    expect(made.git("cat-file", "blob", "HEAD:data/catalog/x")).toBe("2");
  });

  test("F39: a locked index or ref is named, and nothing moves", async () => {
    using made = makeRepository();
    const repository = await open(made);
    const { tip } = await weave(repository, { x: "1" });
    for (const lock of ["index.lock", "refs/heads/main.lock"]) {
      made.write(`.git/${lock}`, "");
      const refused = weave(repository, { x: "2" });
      await expect(refused).rejects.toMatchObject({ code: "HDL308", message: expect.stringContaining(lock) });
      rmSync(join(made.directory, ".git", lock));
    }
    expect([made.git("rev-parse", "HEAD"), clean(made)]).toEqual([tip, ""]);
    expect((await weave(repository, { x: "2" })).committed).toBe(true);
  });

  test("F40: a full disk or file size limit moves nothing", async () => {
    using made = makeRepository();
    const { tip } = await weave(await open(made), { x: "1" });
    const bin = made.beside("bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "git"), `#!/bin/sh\nulimit -f 64\nPATH='${made.environment.PATH}'\nexec git "$@"\n`);
    chmodSync(join(bin, "git"), 0o755);
    const environment = { ...made.environment, PATH: `${bin}:${made.environment.PATH}` };
    const limited = await openRepository(made.directory, { environment });
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, `${i}`.repeat(500)]));
    await expect(weave(limited, files)).rejects.toMatchObject({ code: "HDL300" });
    expect([made.git("rev-parse", "HEAD"), clean(made)]).toEqual([tip, ""]);
  });

  test("a merge or rebase that somebody has begun stops it", async () => {
    using made = makeRepository();
    const repository = await open(made);
    await weave(repository, { x: "1" });
    made.git("checkout", "--quiet", "-b", "side");
    made.write("a", "side");
    made.commitAll();
    made.git("checkout", "--quiet", "main");
    made.write("a", "main");
    const tip = made.commitAll();
    for (const [operation, abort] of [
      ["merge", "--abort"],
      ["rebase", "--abort"],
      ["cherry-pick", "--abort"],
    ]) {
      expect(() => made.git(operation!, "side")).toThrow();
      await expect(weave(repository, { x: "2" })).rejects.toMatchObject({
        code: "HDL303",
        hint: expect.stringContaining(`git ${operation} --abort`),
      });
      made.git(operation!, abort!);
    }
    expect([made.git("rev-parse", "main"), clean(made)]).toEqual([tip, ""]);
  });

  test("E36, F44: the nastiest keys pass fsck --strict, and a clone checks them out", async () => {
    using made = makeRepository();
    const repository = await open(made);
    const nasty = [
      "",
      ".",
      "..",
      ".git",
      "git~1",
      ".gitmodules",
      "gi7eba~1",
      ".gitattributes",
      "CON",
      "nul.txt",
      "aux",
    ];
    const more = [
      "a:b",
      "a\\b",
      "a/b",
      "../x",
      "-rf",
      "a\nb",
      "a\tb",
      "\0",
      "\u200c.git",
      "é",
      "e\u0301",
      "A",
      "a",
      "a ",
      "a.",
    ];
    const keys = [
      ...nasty,
      ...more,
      "😀",
      "\u202e",
      "x".repeat(4096),
      "_weave",
      "~",
      "%2e",
      "con ",
      "lpt1.json",
      '*?<>|"',
    ];
    const files = Object.fromEntries(
      keys.flatMap((key) => [
        [`products/${entryPath(JSON.stringify([key]), { kind: "files", fanout: 2 }, memoryCodec.keyName)}`, key],
        [`${datasetDirectory(key === "" ? "x" : key)}/a.json`, key],
      ]),
    );
    await weave(repository, files);
    expect(made.git("fsck", "--strict", "--full")).toBe("");
    const settings = [
      "core.protectNTFS=true",
      "core.protectHFS=true",
      "core.ignoreCase=true",
      "transfer.fsckObjects=true",
    ];
    made.git(
      ...settings.flatMap((setting) => ["-c", setting]),
      "clone",
      "--quiet",
      "--no-local",
      ".",
      made.beside("clone"),
    );
    expect(gitIn(made.beside("clone"), made.environment, "status", "--porcelain")).toBe("");
    for (const [path, content] of Object.entries(files)) {
      expect(readFileSync(made.beside(`clone/data/catalog/${path}`), "utf8")).toBe(content);
    }
  });
});

describe("elsewhere", () => {
  test("another branch, made from HEAD if it does not exist; the work tree stays", async () => {
    using made = makeRepository();
    made.write("src/a", "1");
    const main = made.commitAll();
    const repository = await open(made);
    const first = await weave(repository, { x: "1" }, { branch: "weave/catalog" });
    expect(made.git("rev-parse", "weave/catalog^", "HEAD").split("\n")).toEqual([main, main]);
    const second = await weave(repository, { x: "2" }, { branch: "weave/catalog" });
    expect(made.git("rev-parse", "weave/catalog^")).toBe(first.tip);
    expect(second.tip).not.toBe(first.tip);
    expect([clean(made), existsSync(join(made.directory, "data"))]).toEqual(["", false]);
    for (const name of ["a..b", "-x", "@{-1}", "a b", ""]) {
      await expect(openTarget(repository, name), name).rejects.toMatchObject({ code: "HDL301" });
    }
  });

  test("F40: a bare repository; a branch that another work tree has: HDL304 with its path", async () => {
    using made = makeRepository();
    const tip = made.commitAll();
    made.git("clone", "--quiet", "--bare", ".", made.beside("bare.git"));
    const bare = await open(made, made.beside("bare.git"));
    const { tip: next } = await weave(bare, { x: "1" });
    expect(gitIn(made.beside("bare.git"), made.environment, "rev-parse", "main", "main^")).toBe(`${next}\n${tip}`);
    expect(readdirSync(made.beside("bare.git"))).not.toContain("index");

    made.git("worktree", "add", "--quiet", "-b", "side", made.beside("side"));
    await expect(openTarget(await open(made), "side")).rejects.toMatchObject({
      code: "HDL304",
      message: expect.stringContaining(made.beside("side")),
    });
    const side = await open(made, made.beside("side"));
    await weave(side, { x: "1" });
    expect(readFileSync(made.beside("side/data/catalog/x"), "utf8")).toBe("1");
    expect(gitIn(made.beside("side"), made.environment, "status", "--porcelain")).toBe("");
    expect([made.git("rev-parse", "main"), clean(made)]).toEqual([tip, ""]);
  });

  test("a project in a subdirectory, though its name means something to git, touches and sees nothing outside", async () => {
    using made = makeRepository();
    made.write(":!p/README", "1");
    made.write("shop/data/catalog/x", "not this one");
    made.write("data/catalog/x", "not this one");
    made.commitAll();
    const repository = await open(made, join(made.directory, ":!p"));
    await weave(repository, { x: "1" });
    expect(made.git("show", "--format=", "--name-only", "HEAD")).toBe(":!p/data/catalog/x");
    expect(clean(made)).toBe("");
    made.write("shop/data/catalog/x", "edited");
    expect(await uncommitted(repository, ["data"])).toEqual([]);
    made.write(":!p/data/catalog/x", "edited");
    expect(await uncommitted(repository, ["data"])).toEqual(["data/catalog/x"]);
  });

  test("F40: a shallow clone can be woven and pushed from", async () => {
    using made = makeRepository("--bare");
    using seed = makeRepository();
    seed.commitAll();
    seed.commitAll();
    seed.git("push", "--quiet", made.directory, "main");
    made.git("clone", "--quiet", "--depth=1", `file://${made.directory}`, made.beside("shallow"));
    const { tip } = await weave(await open(made, made.beside("shallow")), { x: "1" });
    gitIn(made.beside("shallow"), made.environment, "push", "--quiet");
    expect(made.git("rev-parse", "main")).toBe(tip);
  });
});

describe("F39: the branch moves between read and write", () => {
  test("elsewhere: the commit is made on the new tip", async () => {
    using made = makeRepository();
    const repository = await open(made);
    await weave(repository, { x: "1" });
    let moved = "";
    const meanwhile = () => {
      made.write("src/a", "1");
      moved = made.commitAll();
    };
    const { tip } = await weave(repository, { x: "2" }, { meanwhile });
    expect(made.git("rev-parse", "HEAD^")).toBe(moved);
    expect(made.git("ls-tree", "-r", "--name-only", tip!)).toBe("data/catalog/x\nsrc/a");
    expect(clean(made)).toBe("");
  });

  test("under the data: HDL302, nothing is overwritten", async () => {
    using made = makeRepository();
    const repository = await open(made);
    await weave(repository, { x: "1" });
    let moved = "";
    const meanwhile = () => {
      made.write("data/catalog/x", "theirs");
      moved = made.commitAll();
    };
    await expect(weave(repository, { x: "2" }, { meanwhile })).rejects.toMatchObject({ code: "HDL302" });
    expect([made.git("rev-parse", "HEAD"), read(made, "data/catalog/x")]).toEqual([moved, "theirs"]);
  });

  test("deleted, or force-pushed back: never a first run", async () => {
    using made = makeRepository();
    const repository = await open(made);
    made.commitAll();
    const { tip } = await weave(repository, { x: "1" }, { branch: "topic" });
    const remove = () => made.git("branch", "--quiet", "-D", "topic");
    await expect(weave(repository, { x: "2" }, { branch: "topic", meanwhile: remove })).rejects.toMatchObject({
      code: "HDL302",
    });
    made.git("branch", "topic", tip!);
    const rewind = () => made.git("branch", "--quiet", "--force", "topic", "main");
    await expect(weave(repository, { x: "2" }, { branch: "topic", meanwhile: rewind })).rejects.toMatchObject({
      code: "HDL302",
    });
    expect(made.git("rev-parse", "topic")).toBe(made.git("rev-parse", "main"));
  });

  test("a branch that was to be created exists now: the commit goes on top if the data agrees, else HDL302", async () => {
    using made = makeRepository();
    const repository = await open(made);
    made.commitAll();
    const create = () => made.git("branch", "topic");
    const { tip } = await weave(repository, { x: "1" }, { branch: "topic", meanwhile: create });
    expect(made.git("rev-parse", "topic")).toBe(tip);
    const other = () => made.git("branch", "other", "topic");
    const refused = weave(repository, { x: "2" }, { branch: "other", meanwhile: other });
    await expect(refused).rejects.toMatchObject({ code: "HDL302" });
  });

  test("the first commit of all is made twice at once: one wins, the other stops", async () => {
    using made = makeRepository();
    const repository = await open(made);
    const first = () => made.commitAll();
    await expect(weave(repository, { x: "1" }, { meanwhile: first })).rejects.toMatchObject({ code: "HDL302" });
  });

  test("four at once, each with data of its own: all commits are there", async () => {
    using made = makeRepository("--bare");
    using seed = makeRepository();
    seed.commitAll();
    seed.git("push", "--quiet", made.directory, "main");
    const repository = await open(made);
    const one = async (i: number) => {
      const target = await openTarget(repository);
      const writer = openWriter(repository);
      const [id] = (await writer.blobs([`${i}`])) as [string];
      return commit(repository, { target, writer, changes: [{ path: `data/w${i}/x`, blob: id }], message: `${i}` });
    };
    const results = await Promise.allSettled(Array.from({ length: 4 }, (_, i) => one(i)));
    const done = results.filter(({ status }) => status === "fulfilled").length;
    expect(made.git("ls-tree", "-r", "--name-only", "main").split("\n")).toHaveLength(done);
    expect(made.git("rev-list", "--count", "main")).toBe(String(done + 1));
    expect(done).toBeGreaterThan(0);
  });
});

describe("what a commit says", () => {
  test("F43: neither message nor author can forge a header or command a terminal", async () => {
    using made = makeRepository();
    const repository = await open(made);
    const message = "Weave\n\nkey \u001b[31mred\0\r\nparent 1234\u202E \u2028\ud800 tree\n\n\n";
    const { tip } = await weave(repository, { x: "1" }, { message });
    expect(made.git("cat-file", "commit", tip!).split("\n\n").slice(1).join("\n\n")).toBe(
      "Weave\n\nkey [31mred\nparent 1234 \uFFFD tree",
    );
    expect(made.git("log", "--format=%an <%ae> %cn", "-1")).toBe("Ada <ada@example.com> Ada");
    expect(made.git("fsck", "--strict")).toBe("");
  });

  test("HDL306: without an identity nothing is committed", async () => {
    using made = makeRepository();
    const { GIT_AUTHOR_NAME, GIT_AUTHOR_EMAIL, GIT_COMMITTER_NAME, GIT_COMMITTER_EMAIL, ...nobody } = made.environment;
    const repository = await openRepository(made.directory, { environment: nobody });
    await expect(weave(repository, { x: "1" })).rejects.toMatchObject({ code: "HDL306", hint: /user\.email/ });
    // Git would make a name up from the account's.
    made.git("config", "user.email", "bea@example.com");
    await expect(weave(repository, { x: "1" })).rejects.toMatchObject({ code: "HDL306" });
    made.git("config", "user.name", "Bea");
    expect((await weave(repository, { x: "1" })).committed).toBe(true);
    expect(made.git("log", "--format=%an %ce", "-1")).toBe("Bea bea@example.com");
  });

  test("a view is kept under its tree id, by the same commit in every clone", async () => {
    using made = makeRepository();
    using other = makeRepository();
    const ids = [];
    for (const one of [made, other]) {
      const repository = await open(one);
      const writer = openWriter(repository);
      const [id] = (await writer.blobs(["1"])) as [string];
      const view = await writer.tree([["x", id]]);
      await writer.flush();
      for (const text of ["1", "1", "2"]) await weave(repository, { x: text }, { views: [view] });
      expect(one.git("rev-parse", `refs/heddle/views/${view}^{tree}`)).toBe(view);
      ids.push(one.git("rev-parse", `refs/heddle/views/${view}`));
    }
    expect(ids[0]).toBe(ids[1]);
    expect(made.git("for-each-ref", "refs/heddle")).not.toContain("\n");
    expect(made.git("fsck", "--strict")).toBe("");
  });

  test("F39: a branch without commits in a repository that was woven before is no first run", async () => {
    using made = makeRepository();
    const repository = await open(made);
    const view = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    made.git("hash-object", "-w", "-t", "tree", "/dev/null");
    await weave(repository, { x: "1" }, { views: [view] });
    made.git("symbolic-ref", "HEAD", "refs/heads/gone");
    await expect(weave(repository, { x: "1" })).rejects.toMatchObject({ code: "HDL307" });
  });

  test("promise 11: a durable commit waits for the disk with its objects and its ref, an ordinary one does not", async () => {
    using made = makeRepository();
    const trace = made.beside("trace");
    const environment = { ...made.environment, GIT_TRACE2_EVENT: trace };
    const repository = await openRepository(made.directory, { environment });
    /** How often git waited for the disk, by command. */
    const flushes = async (text: string, durable: boolean) => {
      rmSync(trace, { force: true });
      const target = await openTarget(repository, "topic");
      const writer = openWriter(repository, { durable });
      const [blob] = (await writer.blobs([text])) as [string];
      const changes = [{ path: "data/catalog/x", blob }];
      expect((await commit(repository, { target, writer, changes, message: "x", durable })).committed).toBe(true);
      const events = readFileSync(trace, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      const names = new Map(events.filter(({ event }) => event === "cmd_name").map(({ sid, name }) => [sid, name]));
      const synced = events.filter(({ category, key }) => category === "fsync" && key === "fsync/hardware-flush");
      return synced.filter(({ value }) => Number(value) > 0).map(({ sid }) => names.get(sid));
    };
    expect(await flushes("1", true)).toEqual(["index-pack", "update-ref"]);
    expect(await flushes("2", false)).toEqual([]);
    expect(made.git("count-objects", "-v")).toContain("packs: 1");
  });
});
