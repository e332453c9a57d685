import type { Github } from "./api.js";

/** A comment or an issue as GitHub gives it. */
export interface Post {
  id: number;
  number?: number;
  body?: string | null;
  user?: { login: string } | null;
  pull_request?: object;
}

/** Says in a comment or an issue that it is the one for a key. Data cannot forge it: it counts at the very beginning only. */
function markOf(key: string): string {
  return `<!-- heddle: ${key.replace(/[^A-Za-z0-9./_-]/g, "-")} -->\n`;
}

/** The newest own post with a mark. Anybody may write the mark, and could change their text later: theirs is not taken. */
export async function findMarked(github: Github, path: string, key: string): Promise<Post | undefined> {
  const mark = markOf(key);
  let found: Post | undefined;
  const candidates: Post[] = [];
  for await (const post of github.list<Post>(path)) {
    if (!post.pull_request && post.body?.startsWith(mark.trimEnd())) candidates.push(post);
  }
  if (candidates.length === 0) return undefined;
  const login = await github.login();
  for (const post of candidates) {
    if (post.user?.login === login && post.id >= (found?.id ?? 0)) found = post;
  }
  return found;
}

/** The text of a post: mark, report, and where it comes from. */
export function bodyOf(github: Github, key: string, report: string): string {
  const { run } = github.settings;
  return `${markOf(key)}${report.trimEnd()}\n${run ? `\nFrom [this run](${run}), which has the full report.\n` : ""}`;
}
