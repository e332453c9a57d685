import { posix } from "node:path";
import { parseAst } from "vitest/node";

/** A level may import lower levels only, and a folder no other folder of its own level. */
const levels: Record<string, number> = {
  model: 0,
  transform: 1,
  plan: 1,
  database: 1,
  repository: 1,
  reconcile: 2,
  config: 2,
  operations: 3,
  cli: 4,
  "index.ts": 4,
  "main.ts": 5,
};

/** Packages that one folder alone may import, so that what they mean stays there. */
const homes: Record<string, string> = {
  mongodb: "database",
  bson: "database",
  pg: "database",
  "pg-copy-streams": "database",
  "@electric-sql/pglite": "database",
  "simple-git": "repository",
};

/** Names only: that a URL has a scheme which some engine knows is for config to check. */
const engine = /^(postgres(ql)?|pglite|mongodb|memory)$/;
const equality = ["===", "!==", "==", "!="];
const textTests = ["includes", "startsWith", "endsWith", "indexOf"];

/** A node of the ESTree syntax tree, read only by the members named here. */
interface Node {
  type: string;
  start: number;
  [member: string]: unknown;
}

/**
 * Checks sources against the rules of docs/architecture.md.
 * @param files text by path below src/, such as "plan/diff.ts"
 * @returns one line for each violation: path:line and what the rule is
 */
export function violations(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([path, text]) => [...pathRules(path), ...sourceRules(path, text)]);
}

function pathRules(path: string): string[] {
  const found: string[] = [];
  const folder = folderOf(path);
  if (!(folder in levels)) found.push(`${path}: ${folder} is not a folder of the architecture`);
  if (!path.split("/").every((part) => /^[a-z0-9]+(-[a-z0-9]+)*(\.ts)?$/.test(part)))
    found.push(`${path}: file names are kebab-case`);
  if (/(^|\/)(utils?|helpers|common)(\/|\.ts$)/.test(path)) found.push(`${path}: name the noun it is about`);
  if (path.endsWith("/index.ts")) found.push(`${path}: src/index.ts is the only barrel`);
  return found;
}

function sourceRules(path: string, text: string): string[] {
  const found: string[] = [];
  const folder = folderOf(path);
  const report = (node: Node, message: string) =>
    found.push(`${path}:${text.slice(0, node.start).split("\n").length}: ${message}`);

  for (const node of nodes(parseAst(text, { lang: "ts" }, path))) {
    const source = importedFrom(node);
    if (source !== undefined) {
      const problem = importProblem(path, source);
      if (problem) report(node, problem);
    }
    if (isName(node, "process") && node.role !== "object")
      report(node, "process is used by its members only, so that each use can be seen");
    const member = processMember(node);
    if (member === "env" && folder !== "config") report(node, "process.env is read in config/ alone");
    if (member === "exit" && path !== "main.ts") report(node, "process.exit is called in main.ts alone");
    if (member && ["stdin", "stdout", "stderr"].includes(member) && folder !== "cli" && path !== "main.ts")
      report(node, `process.${member} is used in cli/ and main.ts alone`);
    if (isName(node, "console") && folder !== "cli") report(node, "printing is for cli/ alone");
    if (folder !== "database" && comparesEngine(node))
      report(node, "engines are told apart in database/ alone; use a capability");
  }
  return found;
}

function importProblem(path: string, source: string): string | undefined {
  const folder = folderOf(path);
  if (source.startsWith(".")) {
    const target = folderOf(posix.normalize(posix.join(posix.dirname(path), source)).replace(/\.js$/, ".ts"));
    if (target === folder || (levels[target] ?? Number.POSITIVE_INFINITY) < (levels[folder] ?? -1)) return undefined;
    return `${folder} must not import ${target}`;
  }
  if (/^(node:)?process$/.test(source)) return "use the global process, so that each use can be seen";
  if (folder === "model" && !["node:crypto", "node:buffer"].includes(source)) return `model must not import ${source}`;
  const name = source.split("/", source.startsWith("@") ? 2 : 1).join("/");
  const home = homes[name];
  return home === undefined || home === folder ? undefined : `${name} is imported in ${home}/ alone`;
}

function comparesEngine(node: Node): boolean {
  if (node.type === "BinaryExpression" && equality.includes(String(node.operator)))
    return isEngine(node.left) || isEngine(node.right);
  if (node.type === "SwitchCase") return isEngine(node.test);
  if (node.type !== "CallExpression") return false;
  const callee = node.callee as Node;
  const method = callee.type === "MemberExpression" ? (callee.property as Node).name : undefined;
  if (!textTests.includes(String(method))) return false;
  const list = callee.object as Node;
  const listed = list.type === "ArrayExpression" && (list.elements as unknown[]).some(isEngine);
  return listed || (node.arguments as unknown[]).some(isEngine);
}

function isEngine(node: unknown): boolean {
  return isNode(node) && node.type === "Literal" && engine.test(String(node.value));
}

function importedFrom(node: Node): string | undefined {
  const source = node.source;
  return isNode(source) && typeof source.value === "string" ? source.value : undefined;
}

function processMember(node: Node): string | undefined {
  if (node.type !== "MemberExpression" || !isName(node.object, "process")) return undefined;
  const property = node.property as Node;
  return String(property.name ?? property.value);
}

/** Every node of a tree; an identifier carries the name of the member that holds it as `role`. */
function* nodes(node: unknown, role?: string): Generator<Node> {
  if (Array.isArray(node)) for (const item of node) yield* nodes(item, role);
  if (!isNode(node)) return;
  yield node.type === "Identifier" ? { ...node, role } : node;
  for (const [name, value] of Object.entries(node)) yield* nodes(value, name);
}

/** A use of a global, told from a member or a key of that name. */
function isName(node: unknown, name: string): boolean {
  return (
    isNode(node) &&
    node.type === "Identifier" &&
    node.name === name &&
    !["property", "key", "imported", "exported", "local", "label"].includes(String(node.role))
  );
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

const folderOf = (path: string) => path.split("/", 1)[0] ?? path;
