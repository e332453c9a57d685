import { expect, onTestFinished, test } from "vitest";
import { type MomentOptions, parseTime, resolveMoment } from "../../../src/operations/moment.js";
import { openObjects } from "../../../src/repository/object-reader.js";
import { openRepository } from "../../../src/repository/repository.js";
import { gitIn } from "../../support/git.js";
import { makePast, type Past } from "../../support/past.js";

/** What the options find: the commit, and what is said of it. */
async function momentOf(past: Past, options: MomentOptions, directory = past.directory) {
  const repository = await openRepository(directory, { environment: past.environment });
  const objects = openObjects(repository);
  onTestFinished(() => objects[Symbol.asyncDispose]());
  return resolveMoment({ root: directory, repository }, objects, options);
}

const commitOf = async (past: Past, options: MomentOptions) => (await momentOf(past, options)).commit;

test("a time needs a date that exists, hours, minutes and a zone, and lies not in the future", () => {
  expect(parseTime("2026-11-01T12:00Z")).toBe(Date.UTC(2026, 10, 1, 12));
  expect(parseTime("2026-11-01T12:00:30.5+02:00")).toBe(Date.UTC(2026, 10, 1, 10, 0, 30, 500));
  expect(parseTime("2026-11-01T12:00-0130")).toBe(Date.UTC(2026, 10, 1, 13, 30));
  expect(parseTime("2024-02-29T00:00Z")).toBe(Date.UTC(2024, 1, 29));
  for (const text of [
    "2026-11-01",
    "2026-11-01T12:00",
    "2026-11-01 12:00Z",
    "12:00Z",
    "main",
    "2026-11-01T24:00Z",
    "1793534400",
  ])
    expect(parseTime(text)).toBeUndefined();
  const impossible = { code: "HDL312" };
  expect(() => parseTime("2025-02-29T00:00Z")).toThrow(expect.objectContaining(impossible));
  expect(() => parseTime("2026-13-01T00:00Z")).toThrow(expect.objectContaining(impossible));
  const now = Date.UTC(2026, 0, 1);
  expect(parseTime("2026-01-01T00:00Z", now)).toBe(now);
  expect(() => parseTime("2026-01-01T00:01Z", now)).toThrow(
    expect.objectContaining({ message: expect.stringContaining("future") }),
  );
});

test("--at is when a state became the branch's: a side branch counts from its merge, squash and rebase from themselves", async () => {
  using past = makePast();
  const first = past.commitAt("2026-01-01T00:00:00Z", "first");
  past.git("checkout", "-qb", "side");
  const side = past.commitAt("2026-01-02T00:00:00Z", "on the side");
  past.git("checkout", "-q", "main");
  const second = past.commitAt("2026-01-03T00:00:00Z", "second");
  past.gitAt("2026-01-05T00:00:00Z", "merge", "-q", "--no-ff", "--no-edit", "side");
  const merge = past.git("rev-parse", "HEAD");
  const rebased = past.commitAt("2026-01-07T00:00:00Z", "rebased", "2026-01-04T00:00:00Z");

  const at = (time: string) => commitOf(past, { at: time });
  expect(await at("2026-01-01T00:00Z")).toBe(first);
  expect(await at("2026-01-02T12:00Z")).toBe(first);
  expect(await at("2026-01-04T23:00-01:00")).toBe(merge);
  expect(await at("2026-01-04T12:00Z")).toBe(second);
  expect(await at("2026-01-06T23:59:59Z")).toBe(merge);
  expect(await at("2026-01-07T00:00Z")).toBe(rebased);
  expect(await commitOf(past, {})).toBe(rebased);
  expect(await momentOf(past, { at: "2026-01-06T00:00Z" })).toMatchObject({ since: "2026-01-05T00:00:00Z", notes: [] });
  expect(await commitOf(past, { branch: "side", at: "2026-01-04T00:00Z" })).toBe(side);
  expect(await commitOf(past, { at: "side" })).toBe(side);
  expect(await commitOf(past, { at: "HEAD~1" })).toBe(merge);
  expect(await commitOf(past, { at: first.slice(0, 12) })).toBe(first);
});

test("what is no moment is refused: no zone, before everything, an unknown name or branch, two at once", async () => {
  using past = makePast();
  past.commitAt("2026-01-01T00:00:00Z");
  const wrong = (options: MomentOptions) => expect(momentOf(past, options)).rejects;
  await wrong({ at: "2026-01-01" }).toMatchObject({ code: "HDL312", hint: expect.stringContaining("zone") });
  await wrong({ at: "2026-01-01T10:00" }).toMatchObject({ code: "HDL312" });
  await wrong({ at: "2025-12-31T23:59:59Z" }).toMatchObject({
    code: "HDL312",
    hint: expect.stringContaining("heddle log"),
  });
  await wrong({ at: "9999-01-01T00:00Z" }).toMatchObject({ code: "HDL312" });
  await wrong({ at: "nowhere" }).toMatchObject({ code: "HDL301" });
  await wrong({ at: "--output=x" }).toMatchObject({ code: "HDL301" });
  await wrong({ branch: "nowhere", at: "2026-01-02T00:00Z" }).toMatchObject({ code: "HDL301" });
  await wrong({ at: "HEAD", wovenAt: "2026-01-02T00:00Z" }).toMatchObject({ code: "HDL100" });
  await wrong({ at: "HEAD", applied: "production" }).toMatchObject({ code: "HDL100" });
  await wrong({ wovenAt: "2026-01-02" }).toMatchObject({ code: "HDL312" });
  past.git("tag", "2026-01-01");
  expect(await commitOf(past, { at: "2026-01-01" })).toBe(past.git("rev-parse", "HEAD"));
});

test("where a clock went back, a commit counts from the earliest time of it and what follows, as git's --before; it is said", async () => {
  using past = makePast();
  const first = past.commitAt("2026-01-01T00:00:00Z");
  const ahead = past.commitAt("2026-01-09T00:00:00Z", "a clock that was ahead");
  const third = past.commitAt("2026-01-03T00:00:00Z");
  past.commitAt("2026-01-11T00:00:00Z");
  const at = (day: string) => momentOf(past, { at: `2026-01-${day}T12:00Z` });
  expect(await at("02")).toMatchObject({ commit: first, notes: [] });
  expect(await at("05")).toMatchObject({
    commit: third,
    notes: [expect.stringMatching(`clock went back: ${third.slice(0, 10)} counts.*${ahead.slice(0, 10)}`)],
  });
  expect(await at("10")).toMatchObject({ commit: third, notes: [] });
  for (const day of ["02", "05", "10"]) {
    const git = past.git("rev-list", "-1", "--first-parent", `--before=2026-01-${day}T12:00Z`, "main");
    expect(await commitOf(past, { at: `2026-01-${day}T12:00Z` })).toBe(git);
  }
});

test("--woven-at is the weave commit's own time, on a side branch and after a rebase", async () => {
  using past = makePast();
  const weave = (n: number) => past.write("data/shop/_weave.json", `{"view": ${n}}\n`);
  weave(1);
  const first = past.commitAt("2026-01-01T00:00:00Z", "weave");
  past.git("checkout", "-qb", "side");
  weave(2);
  const side = past.commitAt("2026-01-02T00:00:00Z", "weave");
  past.git("checkout", "-q", "main");
  past.write("other", "x");
  past.commitAt("2026-01-03T00:00:00Z");
  past.gitAt("2026-01-05T00:00:00Z", "merge", "-q", "--no-ff", "--no-edit", "side");
  weave(3);
  const rebased = past.commitAt("2026-01-07T00:00:00Z", "weave", "2026-01-06T00:00:00Z");
  const woven = (wovenAt: string) => commitOf(past, { wovenAt });
  expect(await woven("2026-01-01T12:00Z")).toBe(first);
  expect(await woven("2026-01-02T00:00Z")).toBe(side);
  expect(await woven("2026-01-05T12:00Z")).toBe(side);
  expect(await momentOf(past, { wovenAt: "2026-01-06T12:00Z" })).toMatchObject({
    commit: rebased,
    since: "2026-01-06T00:00:00Z",
  });
  expect(await commitOf(past, { at: "2026-01-02T00:00Z" })).toBe(first);
  await expect(momentOf(past, { wovenAt: "2025-01-01T00:00Z" })).rejects.toMatchObject({ code: "HDL312" });
});

test("F40: a bare repository needs no checkout, and a shallow clone says what to fetch", async () => {
  using past = makePast();
  const first = past.commitAt("2026-01-01T00:00:00Z");
  past.commitAt("2026-01-03T00:00:00Z");
  past.git("clone", "-q", "--bare", ".", past.beside("bare"));
  expect(await momentOf(past, { at: "2026-01-02T00:00Z" }, past.beside("bare"))).toMatchObject({ commit: first });
  gitIn(
    past.directory,
    past.environment,
    "clone",
    "-q",
    "--depth=1",
    `file://${past.directory}`,
    past.beside("shallow"),
  );
  await expect(momentOf(past, { at: "2026-01-02T00:00Z" }, past.beside("shallow"))).rejects.toMatchObject({
    code: "HDL311",
    hint: "git fetch --unshallow --filter=blob:none",
  });
});
