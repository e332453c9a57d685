import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ownNames, ownSettings, remotes, setOwn, setting } from "../repository/settings.js";
import { workTreeOf } from "../repository/work-tree.js";
import { appendLines } from "./append-lines.js";
import { openProject, type Project } from "./project.js";
import { attributeLines } from "./starter.js";

export interface GitSetupOptions {
  /** Where to look for the project from. */
  directory: string;
  /** Takes back what was set in this clone. */
  uninstall?: boolean;
}

export interface GitSetupResult {
  /** Settings and files that were changed; none where all was as it should be. */
  changed: string[];
  /** What a user should know. */
  notes: string[];
}

const viewsRefspec = "refs/heddle/views/*:refs/heddle/views/*";

/**
 * Sets this clone up so that git merges data files by field and shows them by field: driver and converter in the
 * repository's own configuration, by the full path of Node.js and their script; what is missing in `.gitattributes`.
 * HDL101 outside of a project or in a bare repository.
 */
export async function gitSetup({ directory, uninstall = false }: GitSetupOptions): Promise<GitSetupResult> {
  const project = await openProject(directory);
  workTreeOf(project.repository);
  const result: GitSetupResult = { changed: [], notes: [] };
  const wanted = uninstall ? {} : settings();
  const names = (await Promise.all(["merge.heddle", "diff.heddle"].map((s) => ownNames(project.repository, s)))).flat();
  for (const name of new Set([...names, ...Object.keys(wanted)])) {
    await give(project, name, name in wanted ? [wanted[name]!] : [], result);
  }
  await arrangePush(project, uninstall, result);
  if (uninstall) result.notes.push(".gitattributes stays: it is shared, and does nothing where git is not set up");
  else if (await appendLines(join(project.root, ".gitattributes"), attributeLines)) {
    result.changed.push(".gitattributes");
    result.notes.push("commit .gitattributes, so that it counts for all clones");
  }
  return result;
}

async function give({ repository }: Project, name: string, values: readonly string[], result: GitSetupResult) {
  const present = await ownSettings(repository, name);
  if (JSON.stringify(present) === JSON.stringify(values)) return;
  await setOwn(repository, name, values);
  result.changed.push(name);
}

function settings(): Record<string, string> {
  const script = (name: string) => fileURLToPath(new URL(`../cli/${name}.js`, import.meta.url));
  const command = (name: string) => `${quoted(process.execPath)} ${quoted(script(name))}`;
  return {
    "merge.heddle.name": "Heddle: data files by field",
    // Git replaces what stands behind a percent sign.
    "merge.heddle.driver": `${command("git-merge").replaceAll("%", "%%")} %O %A %B %L %P`,
    "diff.heddle.textconv": command("git-text"),
    "diff.heddle.cachetextconv": "true",
  };
}

/** One word of a POSIX shell: git runs commands through one, on Windows too. */
function quoted(path: string): string {
  const slashed = process.platform === "win32" ? path.replaceAll("\\", "/") : path;
  return `'${slashed.replaceAll("'", "'\\''")}'`;
}

/**
 * Where `git push` goes by refspecs already, it takes the views along. Elsewhere a refspec would change what `git push` does,
 * so that is left to `heddle weave --push`.
 */
async function arrangePush(project: Project, uninstall: boolean, result: GitSetupResult): Promise<void> {
  const { repository } = project;
  const current = (await setting(repository, "push.default")) === "current";
  for (const remote of await remotes(repository)) {
    const name = `remote.${remote}.push`;
    const present = await ownSettings(repository, name);
    const others = present.filter((refspec) => refspec !== viewsRefspec);
    const base = others.length === 0 && current ? ["HEAD"] : others;
    if (uninstall) await give(project, name, current && others.join() === "HEAD" ? [] : others, result);
    else if (base.length > 0) await give(project, name, [...base, viewsRefspec], result);
    else result.notes.push(`git push to ${remote} leaves views behind: \`heddle weave --push\` takes them along`);
  }
}
