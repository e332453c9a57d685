import { type SimpleGit, simpleGit } from "simple-git";
import type { Environment } from "./git.js";

/**
 * Variables that name programs which git would run: simple-git refuses them, and nothing here needs one.
 * Many people, and npm, have some of them set.
 */
const programs = /^(?:GIT_.*|EDITOR|VISUAL|PAGER|SSH_ASKPASS|PREFIX)$/;

/** Ordinary git commands, as a person would run them in a directory: for what needs no control over bytes. */
export function porcelain(directory: string, environment: Environment): SimpleGit {
  const clean = Object.entries(environment).filter(([name]) => !programs.test(name));
  return simpleGit({ baseDir: directory }).env(Object.fromEntries(clean));
}
