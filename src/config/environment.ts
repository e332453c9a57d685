import { hostname, userInfo } from "node:os";

/** Variables by name, as `process.env` has them. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The one place that reads the process's environment. */
export function processVariables(): Variables {
  return process.env;
}

/** What identifies the committer and how git reaches and unlocks remotes: the user's choice, and no way to change bytes. */
const keptForGit =
  /^GIT_(?:(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL|DATE)|SSH|SSH_COMMAND|SSH_VARIANT|ASKPASS|SSL_\w+|HTTP_USER_AGENT)$/;

/**
 * The environment for git processes: the caller's without `GIT_*` (repository, index, object and configuration
 * overrides, tracing) but with identity and transport; English messages, and no questions asked at a terminal.
 */
export function gitEnvironment(variables: Variables = processVariables()): Record<string, string> {
  const clean: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    if (value !== undefined && (!/^GIT_/i.test(name) || keptForGit.test(name))) clean[name] = value;
  }
  return { ...clean, GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };
}

/** Who runs this, for records: the person that CI names, else user and host. Never an address or a token. */
export function whoami(variables: Variables = processVariables()): string {
  const actor = variables.GITHUB_ACTOR ?? variables.GITLAB_USER_LOGIN;
  return actor ? `${actor} (CI)` : `${userName(variables)}@${hostname()}`;
}

/** A container may run as a user that its system does not list. */
function userName(variables: Variables): string {
  try {
    return userInfo().username;
  } catch {
    return variables.USER ?? "unknown";
  }
}
