import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { configDirectory, isConfigFile } from "../config/project.js";
import { configSchema } from "../config/schema.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { appendLines, readIfThere } from "./append-lines.js";
import { type Catalogue, proposedSelection } from "./proposal.js";
import { attributeLines, ignoreLines, starterConfig, starterWorkflow } from "./starter.js";

export interface InitOptions {
  /** The project root to be. */
  directory: string;
  /** The catalogue to propose datasets from; without it the starter holds an example. */
  from?: Catalogue;
}

/**
 * Writes a commented starter configuration with its editor schema, a CI workflow, and what is missing in `.gitignore` and
 * `.gitattributes`. Nothing that exists is overwritten: HDL105 lists what is in the way, and then nothing is written.
 * @returns the paths written or added to, as the user should read them: from `directory`, with `/`
 */
export async function init({ directory, from }: InitOptions): Promise<string[]> {
  const root = resolve(directory);
  const repository = await repositoryRoot(root);
  const inside = repository ? relative(repository, root).split(sep).join("/") : "";
  const slug = inside.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "");
  const workflow = join(repository ?? root, ".github/workflows", slug === "" ? "heddle.yml" : `heddle-${slug}.yml`);

  const files = new Map([
    [join(root, configDirectory, "heddle.yaml"), starterConfig(from && proposedSelection(from))],
    [join(root, "schemas/heddle.schema.json"), `${JSON.stringify(configSchema(), null, 2)}\n`],
    [workflow, starterWorkflow(inside)],
  ]);
  const show = (path: string) => relative(root, path).split(sep).join("/");
  await refuseExisting(root, files, show);

  const written: string[] = [];
  for (const [path, text] of files) {
    if ((await readIfThere(path)) === text) continue;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { flag: "wx" });
    written.push(show(path));
  }
  for (const [name, lines] of Object.entries({ ".gitignore": ignoreLines, ".gitattributes": attributeLines })) {
    if (await appendLines(join(root, name), lines)) written.push(name);
  }
  return written;
}

async function refuseExisting(root: string, files: Map<string, string>, show: (path: string) => string) {
  const problems: Problem[] = [];
  const names = await readdir(join(root, configDirectory), { recursive: true }).catch(() => []);
  for (const name of names) {
    const path = `${configDirectory}/${name.split(sep).join("/")}`;
    if (isConfigFile(path)) problems.push({ file: path, message: "a configuration is there already" });
  }
  for (const [path, text] of files) {
    const found = await readIfThere(path);
    if (found === undefined || found === text || problems.some(({ file }) => file === show(path))) continue;
    problems.push({ file: show(path), message: "is there already, and is not what init writes" });
  }
  if (problems.length === 0) return;
  throw new HeddleError("HDL105", "init overwrites nothing", {
    problems,
    hint: "move these files away, or edit them by hand",
  });
}

/** The work tree around a directory: workflows count only in its root. */
async function repositoryRoot(start: string): Promise<string | undefined> {
  for (let directory = start; ; directory = dirname(directory)) {
    if (await stat(join(directory, ".git")).catch(() => undefined)) return directory;
    if (directory === dirname(directory)) return undefined;
  }
}
