import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { HeddleError } from "../model/errors.js";
import { printable } from "../model/printable.js";
import { consentFlags } from "./consents.js";
import { wholeNumber } from "./grants.js";
import type { GlobalFlags, Verb } from "./program.js";
import { print, tell } from "./terminal.js";

export const githubCommand: Verb = (program) => {
  const github = program
    .command("github")
    .description("what workflows need of GitHub: comments, issues, pull requests, consents by label, saved plans");
  commentCommand(github);
  consentsCommand(github);
  findPlanCommand(github);
  pullRequestCommand(github);
  issueCommand(github);
};

function commentCommand(github: Command): void {
  const command = github
    .command("comment <file>")
    .description("put a report on a pull request: one comment for each key, changed when it is there")
    .requiredOption("--key <key>", "what the comment is about, such as plan-staging")
    .option("--pr <number>", "the pull request; else the one that the workflow runs for", wholeNumber)
    .option("--commit <id>", "the pull request that brought this commit; nothing where there is none")
    .action(async (file: string) => {
      const { key, pr, commit } = command.opts<{ key: string; pr?: number; commit?: string }>();
      const { commentOnPullRequest } = await import("../operations/github/comment.js");
      const number = await commentOnPullRequest({
        key,
        report: await read(file),
        ...(pr !== undefined && { pullRequest: pr }),
        ...(commit !== undefined && { commit }),
      });
      print(number === undefined ? "No pull request brought this commit." : `Commented on #${number}.`);
    });
}

function consentsCommand(github: Command): void {
  const command = github
    .command("consents <environment>")
    .description("print the flags that labels such as heddle:allow-deletes=2 stand for")
    .option("--pr <number>", "the pull request; else the one that the workflow runs for", wholeNumber)
    .option("--given <text>", "read them from this text instead: allow-deletes=2 adopt")
    .option("--clear", "take the labels off: what was consented to is no longer what is there")
    .action(async (environment: string) => {
      const { pr, given, clear } = command.opts<{ pr?: number; given?: string; clear?: boolean }>();
      const { consentLabels } = await import("../operations/github/labels.js");
      const words =
        given !== undefined
          ? given.split(/[\s,]+/).filter(Boolean)
          : await consentLabels({ ...(pr !== undefined && { pullRequest: pr }), ...(clear && { clear }) });
      const { flags, unknown } = consentFlags(words, environment);
      if (given !== undefined && unknown.length > 0) {
        throw new HeddleError("HDL100", `no consent: ${unknown.map(printable).join(", ")}`, {
          hint: "for example: allow-deletes=2 adopt",
        });
      }
      for (const word of unknown) tell(`! the label heddle:${printable(word)} is no consent`);
      if (!clear) print(flags.join(" "));
    });
}

function findPlanCommand(github: Command): void {
  const command = github
    .command("find-plan <environment>")
    .description(
      "print which artifact holds the plan that was saved for a revision, and of which run, for GITHUB_OUTPUT",
    )
    .option("--rev <revision>", "the revision that is to be applied", "HEAD")
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .action(async (environment: string) => {
      const flags = command.optsWithGlobals<GlobalFlags & { rev: string; config: string }>();
      const { findPlan } = await import("../operations/github/find-plan.js");
      const { artifact, run } = await findPlan({ ...flags, environment, revision: flags.rev });
      print(`artifact=${artifact}`);
      print(`run=${run ?? ""}`);
    });
}

function pullRequestCommand(github: Command): void {
  const command = github
    .command("pull-request")
    .description("open a pull request, or change the one that is open between two branches; prints its number")
    .requiredOption("--head <branch>", "what is to be merged")
    .requiredOption("--base <branch>", "what it is merged into")
    .requiredOption("--title <text>", "its title")
    .option("--text <file>", "its text, Markdown")
    .action(async () => {
      const { text, ...flags } = command.opts<{ head: string; base: string; title: string; text?: string }>();
      const { openPullRequest } = await import("../operations/github/pull-request.js");
      const { number } = await openPullRequest({ ...flags, ...(text !== undefined && { body: await read(text) }) });
      print(String(number));
    });
}

function issueCommand(github: Command): void {
  const command = github
    .command("issue [file]")
    .description("open or change the one issue for a key with a report, or close it")
    .requiredOption("--key <key>", "what the issue is about, such as drift-staging")
    .option("--title <text>", "its title; the key where it is not given")
    .option("--close", "close it, if one is open, instead of putting a report there")
    .action(async (file: string | undefined) => {
      const { key, title = key, close = false } = command.opts<{ key: string; title?: string; close?: boolean }>();
      if (close === (file !== undefined)) throw new HeddleError("HDL100", "either a report or --close belongs there");
      const { reportIssue } = await import("../operations/github/issue.js");
      const result = await reportIssue({
        key,
        ...(file !== undefined && { problem: { title, report: await read(file) } }),
      });
      print(result ? `${result.done} #${result.number}` : "no issue is open");
    });
}

async function read(file: string): Promise<string> {
  return readFile(file, "utf8").catch((cause: unknown) => {
    throw new HeddleError("HDL100", `${file} cannot be read`, { cause });
  });
}
