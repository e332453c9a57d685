import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { cacheOf } from "../../../src/repository/cache.js";

function repository() {
  const commonDirectory = mkdtempSync(join(tmpdir(), "heddle-test-"));
  onTestFinished(() => rmSync(commonDirectory, { recursive: true, force: true }));
  return { commonDirectory, directory: join(commonDirectory, "heddle/kind") };
}

const content = Buffer.from("content");
const days = (n: number) => (Date.now() - n * 24 * 60 * 60 * 1000) / 1000;

describe("a cache beside the repository", () => {
  test("gives back what was written, the last of it", () => {
    const at = repository();
    const cache = cacheOf(at, "kind");
    expect(cache.read("a")).toBe(undefined);
    cache.write("a", Buffer.from("other"));
    cache.write("a", content);
    expect(cache.read("a")).toEqual(content);
    expect(cacheOf(at, "kind").read("a")).toEqual(content);
    expect(readdirSync(at.directory)).toEqual(["a"]);
  });

  test("a file that is cut off, longer, altered, of another name or a directory counts as none, and is replaced", () => {
    const at = repository();
    const cache = cacheOf(at, "kind");
    cache.write("a", content);
    const file = join(at.directory, "a");
    const whole = readFileSync(file);
    const altered = Buffer.from(whole);
    altered[0]! ^= 1;
    for (let end = 0; end < whole.length; end++) {
      writeFileSync(file, whole.subarray(0, end));
      expect(cache.read("a")).toBe(undefined);
    }
    for (const bytes of [Buffer.concat([whole, Buffer.alloc(1)]), altered]) {
      writeFileSync(file, bytes);
      expect(cache.read("a")).toBe(undefined);
      writeFileSync(join(at.directory, "b"), whole);
      expect(cache.read("b")).toBe(undefined);
    }
    cache.write("a", content);
    expect(cache.read("a")).toEqual(content);
    rmSync(file);
    mkdirSync(file);
    expect(cache.read("a")).toBe(undefined);
    cache.write("a", content);
    expect(readdirSync(at.directory).sort()).toEqual(["a", "b"]);
  });

  test("does nothing where it cannot be written", () => {
    const at = repository();
    writeFileSync(join(at.commonDirectory, "heddle"), "");
    const cache = cacheOf(at, "kind");
    cache.write("a", content);
    expect(cache.read("a")).toBe(undefined);
    const other = repository();
    chmodSync(other.commonDirectory, 0o555);
    expect(() => cacheOf(other, "kind").write("a", content)).not.toThrow();
  });

  test("what nobody has read for thirty days goes, also what was left half-written; what was read stays", () => {
    const at = repository();
    for (const name of ["old", "read", ".part"]) cacheOf(at, "kind").write(name, content);
    for (const name of ["old", "read"]) utimesSync(join(at.directory, name), days(31), days(31));
    utimesSync(join(at.directory, ".part"), days(2), days(2));
    expect(cacheOf(at, "kind").read("read")).toEqual(content);
    cacheOf(at, "kind").write("new", content);
    expect(readdirSync(at.directory).sort()).toEqual(["new", "read"]);
  });
});
