import { makeProject, type TestProject } from "./command.js";

/** A project that weaves everything of one database as `data/all/`, and whose environment `copy` is another. */
export function makeCopyProject(source: string, copy: string): TestProject {
  const project = makeProject(copyConfig("all", '[{ dataset: "*" }]'));
  Object.assign(project.variables, { SOURCE_URL: source, COPY_URL: copy });
  return project;
}

/** A weave of SOURCE_URL, and the environment `copy` of COPY_URL that gets it; `rules` are more lines of the environment. */
export function copyConfig(weave: string, select: string, rules = ""): string {
  return `apiVersion: heddle/v1
kind: Weave
metadata: { name: ${weave} }
spec:
  source: { url: "\${SOURCE_URL}" }
  select: ${select}
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: copy }
spec:
  database: { url: "\${COPY_URL}" }
  weaves: [${weave}]
${rules}`;
}
