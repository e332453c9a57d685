import { onTestFinished } from "vitest";
import { type ApplyOptions, apply } from "../../src/operations/apply.js";
import { weave } from "../../src/operations/weave.js";
import { makeProject } from "./command.js";
import { onDatabase } from "./postgres-client.js";
import { createPostgresDatabase } from "./servers.js";

/** Everything may be deleted and changed: what is tested is not the consents. */
const grants = { allowDeletes: 1000, allowChanges: 1000, allowEmpty: true };

/**
 * Two databases with one schema, woven and applied through a project: what is changed in the source, git wants of the
 * copy. Runs in this process.
 * @param selection what else the weave says of the tables, such as ", key: [code]"
 * @param spec lines of the environment's `spec`, such as "hooks: { verify: [...] }"
 */
export async function makeTwin(schema: string, options: TwinOptions = {}) {
  const [source, copy] = [await createPostgresDatabase(), await createPostgresDatabase()];
  const twin = makeTwinProject(source, copy, options);
  for (const url of [source, copy]) await onDatabase(url, schema);
  return {
    ...twin,
    /** Rows of the copy. */
    rows: (sql: string) => onDatabase(copy, sql),
    /** Changes the source in one transaction, and commits what it then holds. */
    async want(sql: string): Promise<void> {
      await onDatabase(source, `BEGIN; SET CONSTRAINTS ALL DEFERRED; ${sql}; COMMIT`);
      await twin.weave();
    },
    /** Whether both hold the same rows in a table. */
    async same(...names: string[]): Promise<boolean> {
      for (const name of names) {
        const sql = `SELECT coalesce(json_agg(t ORDER BY t::text)::text, '') AS all FROM ${name} t`;
        const [[a], [b]] = await Promise.all([onDatabase(source, sql), onDatabase(copy, sql)]);
        if (a!.all !== b!.all) return false;
      }
      return true;
    },
  };
}

interface TwinOptions {
  tables?: string;
  selection?: string;
  spec?: string;
}

/** The same for two databases that are there. */
export function makeTwinProject(
  source: string,
  copy: string,
  { tables = "*", selection = "", spec = "" }: TwinOptions = {},
) {
  const project = makeProject(`apiVersion: heddle/v1
kind: Weave
metadata: { name: all }
spec:
  source: { url: "\${TWIN_SOURCE}" }
  select: [{ dataset: "${tables}"${selection} }]
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: copy }
spec:
  database: { url: "\${TWIN_COPY}" }
  weaves: [all]
  ${spec}
`);
  const variables = { ...project.environment, TWIN_SOURCE: source, TWIN_COPY: copy };
  const before = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]));
  Object.assign(process.env, variables);
  onTestFinished(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    project[Symbol.dispose]();
  });
  return {
    project,
    source,
    copy,
    /** Commits what the source holds. */
    weave: () => weave({ directory: project.directory, allowDeletes: 1000 }),
    apply: (options: Partial<ApplyOptions> = {}) =>
      apply({ directory: project.directory, environment: "copy", grants, ...options }),
  };
}
