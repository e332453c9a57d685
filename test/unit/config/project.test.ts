import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findProject, isConfigFile, readConfigFiles } from "../../../src/config/project.js";
import { failure, problemLines } from "../../support/problems.js";

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "heddle-project-")));
});
afterEach(() => rmSync(root, { recursive: true }));

const write = (path: string, content: string | Uint8Array = "") => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
};

test("the nearest directory upward with weave-configs/ is the project", async () => {
  write("weave-configs/a.yaml");
  write("services/shop/weave-configs/a.yaml");
  write("services/shop/src/deep/x.ts");
  write("services/file/weave-configs");
  expect(await findProject(join(root, "services/shop/src/deep"))).toBe(join(root, "services/shop"));
  expect(await findProject(join(root, "services/shop/weave-configs"))).toBe(join(root, "services/shop"));
  expect(await findProject(join(root, "services/file"))).toBe(root);
  expect(await findProject(root)).toBe(root);
});

test("no project: HDL101 with what to run", async () => {
  const error = await failure(() => findProject(root));
  expect([error.code, error.message, error.hint]).toEqual([
    "HDL101",
    `no weave-configs/ in ${root} or above`,
    "run `heddle init` in the root of the repository, or go to a directory inside the project",
  ]);
});

test("all YAML files below weave-configs/, sorted, but hidden ones", async () => {
  write("weave-configs/b.yaml", "b: 1");
  write("weave-configs/a/z.yml", "z: 1");
  write("weave-configs/a.yaml", "\ufeffa: é");
  write("weave-configs/.hidden.yaml");
  write("weave-configs/.git/x.yaml");
  write("weave-configs/README.md");
  write("weave-configs/b.yaml.orig");
  write("other/c.yaml");
  symlinkSync("nowhere", join(root, "weave-configs/.#a.yaml"));
  expect(await readConfigFiles(root)).toEqual([
    { path: "weave-configs/a.yaml", text: "a: é" },
    { path: "weave-configs/a/z.yml", text: "z: 1" },
    { path: "weave-configs/b.yaml", text: "b: 1" },
  ]);
});

test("what cannot be read is listed, all at once", async () => {
  write("weave-configs/a.yaml", "a: 1");
  write("weave-configs/latin.yaml", Buffer.from("a: \xe9", "latin1"));
  symlinkSync("a.yaml", join(root, "weave-configs/link.yaml"));
  const error = await failure(() => readConfigFiles(root));
  expect(error.code).toBe("HDL102");
  expect(problemLines(error.problems)).toEqual([
    "weave-configs/latin.yaml:1:1: the file is not UTF-8",
    "weave-configs/link.yaml:1:1: not an ordinary file (links are not followed)",
  ]);
});

test("which paths of a revision are configuration", () => {
  const paths = [
    "weave-configs/a.yaml",
    "weave-configs/x/a.yml",
    "weave-configs/a.yaml/b",
    "weave-configs.yaml",
    "x/weave-configs/a.yaml",
    "weave-configs/.a.yaml",
  ];
  expect(paths.filter(isConfigFile)).toEqual(["weave-configs/a.yaml", "weave-configs/x/a.yml"]);
});
