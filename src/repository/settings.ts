import { output, outputList, run } from "./git.js";
import type { Repository } from "./repository.js";

/** The values of a setting in the repository's own configuration, which all its work trees share. */
export async function ownSettings({ git }: Repository, name: string): Promise<string[]> {
  const { stdout } = await run(git, ["config", "--local", "-z", "--get-all", name], { allow: [1] });
  return stdout.toString().split("\0").slice(0, -1);
}

/** The value of a setting, from wherever git takes it; undefined where there is none. */
export async function setting({ git }: Repository, name: string): Promise<string | undefined> {
  const { code, stdout } = await run(git, ["config", "-z", "--get", name], { allow: [1] });
  return code === 0 ? stdout.toString().replace(/\0$/, "") : undefined;
}

/** Gives a setting these values and no others; none removes it. */
export async function setOwn(repository: Repository, name: string, values: readonly string[]): Promise<void> {
  const { git } = repository;
  if ((await ownSettings(repository, name)).length > 0) await output(git, ["config", "--local", "--unset-all", name]);
  for (const value of values) await output(git, ["config", "--local", "--add", name, value]);
}

/** Names of the repository's remotes. */
export async function remotes({ git }: Repository): Promise<string[]> {
  return (await output(git, ["remote"])).split("\n").filter(Boolean);
}

/** Names of all own settings of a section, such as `merge.heddle`. */
export async function ownNames({ git }: Repository, section: string): Promise<string[]> {
  return (await outputList(git, ["config", "--local", "-z", "--name-only", "--list"])).filter((name) =>
    name.startsWith(`${section}.`),
  );
}
