import { makeProject, type TestProject } from "./command.js";

/** A project that weaves everything of one database as `data/all/`, and whose environment `copy` is another. */
export function makeCopyProject(source: string, copy: string): TestProject {
  const project = makeProject(config);
  Object.assign(project.variables, { SOURCE_URL: source, COPY_URL: copy });
  return project;
}

const config = `apiVersion: heddle/v1
kind: Weave
metadata: { name: all }
spec:
  source: { url: "\${SOURCE_URL}" }
  select: [{ dataset: "*" }]
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: copy }
spec:
  database: { url: "\${COPY_URL}" }
  weaves: [all]
`;
