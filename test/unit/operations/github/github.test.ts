import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { githubSettings } from "../../../../src/config/github.js";
import { commentOnPullRequest } from "../../../../src/operations/github/comment.js";
import { reportIssue } from "../../../../src/operations/github/issue.js";
import { consentLabels } from "../../../../src/operations/github/labels.js";
import { openPullRequest } from "../../../../src/operations/github/pull-request.js";
import { makeRepository } from "../../../support/git.js";
import { githubBot, githubToken, startGithub } from "../../../support/github-server.js";

let github: Awaited<ReturnType<typeof startGithub>>;
beforeAll(async () => {
  github = await startGithub();
});
afterAll(() => github.stop());
beforeEach(() => {
  Object.assign(github.state, { comments: [], issues: [], pulls: [], artifacts: [], requests: [], failures: [] });
});
const settings = () => githubSettings(github.variables);

describe("comments", () => {
  const comment = async (report: string, more: object = {}) =>
    commentOnPullRequest({ key: "plan-staging", report, pullRequest: 7, settings: await settings(), ...more });

  it("there is one for each key, changed when it is there", async () => {
    expect(await comment("one")).toBe(7);
    await comment("production", { key: "plan-production" });
    await comment("two");
    expect(github.state.comments.map(({ body }) => body)).toEqual([
      "<!-- heddle: plan-staging -->\ntwo\n\nFrom [this run](https://github.example/acme/shop/actions/runs/77), which has the full report.\n",
      expect.stringMatching(/^<!-- heddle: plan-production -->\nproduction\n/),
    ]);
  });

  it("F43: a stranger's comment with the mark is left alone, and so is one that quotes it", async () => {
    const mark = "<!-- heddle: plan-staging -->\n";
    github.state.comments.push({ id: 900, issue: 7, body: `${mark}all is well`, user: { login: "mallory" } });
    github.state.comments.push({ id: 901, issue: 7, body: `> ${mark}`, user: { login: githubBot } });
    await comment("one");
    await comment("two");
    expect(github.state.comments.map(({ body }) => body.split("\n")[1])).toEqual(["all is well", "", "two"]);
  });

  it("finds its own among hundreds, and the pull request that brought a commit", async () => {
    await comment("one");
    for (let i = 0; i < 250; i++) {
      github.state.comments.unshift({ id: 1000 + i, issue: 7, body: "talk", user: { login: "ada" } });
    }
    // The largest report that there is: GitHub takes 65,536 characters with what is put around it.
    await comment("\u00e9".repeat(60_000));
    expect(github.state.comments).toHaveLength(251);
    github.state.pulls.push({
      number: 9,
      title: "",
      head: "x",
      base: "main",
      body: "",
      state: "closed",
      commits: ["abc"],
    });
    expect(await comment("merged", { pullRequest: undefined, commit: "abc" })).toBe(9);
    expect(await comment("pushed", { commit: "def" })).toBeUndefined();
  });

  it("takes the pull request from the workflow's event, and says what is missing", async () => {
    using repository = makeRepository();
    const event = repository.beside("event.json");
    await writeFile(event, JSON.stringify({ pull_request: { number: 12 } }));
    const own = await githubSettings({ ...github.variables, GITHUB_EVENT_PATH: event });
    expect(await commentOnPullRequest({ key: "k", report: "r", settings: own })).toBe(12);
    await expect(commentOnPullRequest({ key: "k", report: "r", settings: await settings() })).rejects.toMatchObject({
      code: "HDL100",
    });
    await expect(githubSettings({ ...github.variables, GITHUB_TOKEN: "" })).rejects.toMatchObject({ code: "HDL103" });
    await expect(githubSettings({ ...github.variables, GITHUB_REPOSITORY: "../x" })).rejects.toMatchObject({
      code: "HDL103",
    });
  });
});

it("an issue is opened once, changed, closed, and opened again", async () => {
  const report = async (problem?: { title: string; report: string }) =>
    reportIssue({ key: "drift-staging", ...(problem && { problem }), settings: await settings() });
  expect(await report()).toBeUndefined();
  const { number } = (await report({ title: "staging drifted", report: "one" }))!;
  expect(await report({ title: "staging drifted", report: "two" })).toEqual({ number, done: "changed" });
  expect(github.state.issues).toMatchObject([{ state: "open", body: expect.stringContaining("two") }]);
  expect(await report()).toEqual({ number, done: "closed" });
  expect(await report()).toBeUndefined();
  expect((await report({ title: "staging drifted", report: "three" }))!.done).toBe("opened");
  expect(github.state.issues.map(({ state }) => state)).toEqual(["closed", "open"]);
});

it("one pull request is open between two branches", async () => {
  const open = async (title: string) =>
    openPullRequest({ head: "heddle/weave", base: "main", title, settings: await settings() });
  const first = await open("Weave");
  expect(await open("Weave again")).toEqual({ number: first.number, opened: false });
  expect(github.state.pulls).toMatchObject([{ title: "Weave again", head: "heddle/weave", base: "main" }]);
  github.state.pulls[0]!.state = "closed";
  expect((await open("Weave")).opened).toBe(true);
});

it("labels consent, and are taken off when something else was pushed", async () => {
  github.state.labels.set(7, ["bug", "heddle:allow-deletes=2", "heddle:adopt"]);
  const labels = async (clear?: boolean) =>
    consentLabels({ pullRequest: 7, ...(clear && { clear }), settings: await settings() });
  expect(await labels()).toEqual(["allow-deletes=2", "adopt"]);
  expect(await labels(true)).toEqual([]);
  expect(github.state.labels.get(7)).toEqual(["bug"]);
});

describe("H55: what goes wrong is told without the token", () => {
  const once = async () => reportIssue({ key: "k", settings: await settings() });
  it("a passing fault is tried again, a POST is not", async () => {
    github.state.failures = [{ status: 502 }, { status: 429, headers: { "retry-after": "0" } }];
    expect(await once()).toBeUndefined();
    expect(github.state.requests).toHaveLength(3);
    github.state.failures = [{ status: 200, body: "[]" }, { status: 502 }];
    github.state.requests = [];
    await expect(
      reportIssue({ key: "k", problem: { title: "t", report: "r" }, settings: await settings() }),
    ).rejects.toMatchObject({ code: "HDL700" });
    expect(github.state.requests).toEqual(["GET /repos/acme/shop/issues", "POST /repos/acme/shop/issues"]);
  });

  it("a refusal names the request and GitHub's reason", async () => {
    github.state.failures = [{ status: 403, body: '{"message":"Resource not accessible by integration\\u001b[2J"}' }];
    const error = await once().catch((error: Error) => error);
    expect(error).toMatchObject({ code: "HDL700" });
    expect((error as Error).message).toBe(
      "GitHub answered 403 to GET /repos/acme/shop/issues: Resource not accessible by integration\\u001b[2J",
    );
    expect(JSON.stringify(error) + String(error)).not.toContain(githubToken);
    const away = await reportIssue({
      key: "k",
      settings: await githubSettings({ ...github.variables, GITHUB_API_URL: "http://127.0.0.1:1" }),
    }).catch((error: Error) => error);
    expect(away).toMatchObject({ code: "HDL700", message: "GitHub cannot be reached: GET /repos/acme/shop/issues" });
  }, 20_000);
});
