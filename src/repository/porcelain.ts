import { type SimpleGit, simpleGit } from "simple-git";
import type { Environment } from "./git.js";

/** Ordinary git commands, as a person would run them in a directory: for what needs no control over bytes. */
export function porcelain(directory: string, environment: Environment): SimpleGit {
  const clean = Object.entries(environment).filter(([name]) => !name.startsWith("GIT_"));
  return simpleGit({ baseDir: directory }).env(Object.fromEntries(clean));
}
