import { expect, test } from "vitest";
import { gitEnvironment, processVariables, whoami } from "../../../src/config/environment.js";

test("F41: git gets no GIT_* of the caller but identity and transport", () => {
  const caller = {
    PATH: "/bin",
    HOME: "/home/me",
    SSH_AUTH_SOCK: "/run/agent",
    GNUPGHOME: "/gpg",
    HTTPS_PROXY: "http://proxy",
    GIT_AUTHOR_NAME: "Me",
    GIT_COMMITTER_EMAIL: "me@example.org",
    GIT_AUTHOR_DATE: "2026-11-22T00:00:00Z",
    GIT_SSH_COMMAND: "ssh -i key",
    GIT_ASKPASS: "ask",
    GIT_DIR: "/x",
    GIT_WORK_TREE: "/x",
    GIT_INDEX_FILE: "/x",
    GIT_OBJECT_DIRECTORY: "/x",
    GIT_ALTERNATE_OBJECT_DIRECTORIES: "/x",
    GIT_NAMESPACE: "x",
    GIT_CEILING_DIRECTORIES: "/",
    GIT_CONFIG: "/x",
    GIT_CONFIG_GLOBAL: "/x",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "core.hooksPath",
    GIT_CONFIG_VALUE_0: "/x",
    GIT_EXTERNAL_DIFF: "evil",
    GIT_EDITOR: "evil",
    GIT_PAGER: "evil",
    GIT_EXEC_PATH: "/x",
    GIT_TEMPLATE_DIR: "/x",
    GIT_TRACE: "1",
    GIT_AUTHOR_NAME_X: "x",
    Git_Dir: "/x",
    NOTHING: undefined,
  };
  expect(gitEnvironment(caller)).toEqual({
    PATH: "/bin",
    HOME: "/home/me",
    SSH_AUTH_SOCK: "/run/agent",
    GNUPGHOME: "/gpg",
    HTTPS_PROXY: "http://proxy",
    GIT_AUTHOR_NAME: "Me",
    GIT_COMMITTER_EMAIL: "me@example.org",
    GIT_AUTHOR_DATE: "2026-11-22T00:00:00Z",
    GIT_SSH_COMMAND: "ssh -i key",
    GIT_ASKPASS: "ask",
    GIT_TERMINAL_PROMPT: "0",
    LC_ALL: "C",
  });
});

test("the process's own variables are the default", () => {
  expect(processVariables()).toBe(process.env);
  expect(gitEnvironment().PATH).toBe(process.env.PATH);
});

test("who runs this: the person that CI names, else user and host", () => {
  expect(whoami({ GITHUB_ACTOR: "octocat" })).toBe("octocat (CI)");
  expect(whoami({ GITLAB_USER_LOGIN: "fox" })).toBe("fox (CI)");
  expect(whoami({})).toMatch(/^.+@.+$/);
});
