import type { DigestMap } from "../model/digest-map.js";
import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { type Git, plainText } from "./git.js";
import { readObjects } from "./objects.js";

/** One entry of a tree object. Names are byte strings (latin1), so that any name survives and sorts as git sorts. */
export interface Node {
  name: string;
  /** As in the object: `40000` for a directory. */
  mode: string;
  id: Digest;
}

/** What a path shall be: a file, a directory with all its content, or nothing. */
export type Change = { path: string; blob: Digest } | { path: string; tree: Digest } | { path: string; remove: true };

/** Stores a tree object's bytes and gives its id. */
export type StoreTree = (body: Buffer) => Digest;

export const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/**
 * Writes the trees of these files (all of mode 100644), and of files and finished directories at the top; gives the topmost
 * tree's id. What a directory holds is put together when it is written: there may be millions of files.
 */
export function writeTree(
  files: DigestMap,
  top: { files?: Iterable<NamedObject>; directories?: Iterable<NamedObject> },
  store: StoreTree,
): Digest {
  interface Directory {
    files: readonly number[];
    children: Map<string, Directory>;
  }
  const root: Directory = { files: [], children: new Map() };
  const { groups, at } = files.byDirectory();
  for (const [path, numbers] of groups) {
    let directory = root;
    for (const name of path === "" ? [] : path.split("/")) {
      const child = directory.children.get(name) ?? { files: [], children: new Map() };
      directory.children.set(name, child);
      directory = child;
    }
    directory.files = numbers;
  }
  const file = ([name, id]: NamedObject): Node => ({ name: byteString(name), mode: "100644", id });
  const subtree = ([name, id]: NamedObject): Node => ({ name: byteString(name), mode: "40000", id });
  const nodesOf = (directory: Directory): Node[] => [
    ...directory.files.map((i) => file(at(i))),
    ...[...directory.children].map(([name, child]) => subtree([name, store(encodeTree(nodesOf(child)))])),
  ];
  const more = [...[...(top.files ?? [])].map(file), ...[...(top.directories ?? [])].map(subtree)];
  return store(encodeTree([...nodesOf(root), ...more]));
}

/** A file or directory by its name in the one above it. */
export type NamedObject = readonly [name: string, id: Digest];

/**
 * Writes the trees that differ from `tree` by these changes; gives the new topmost tree. Only directories on the way to a change are read.
 * Directories that become empty vanish. HDL400 where a file stands in the way of a directory.
 */
export async function changeTree(
  git: Git,
  tree: Digest | undefined,
  changes: readonly Change[],
  store: StoreTree,
): Promise<Digest> {
  const split = changes.map((change) => ({ names: change.path.split("/").map(byteString), change }));
  const [changed] = await changeTrees(git, [{ tree, changes: split, path: "" }], store);
  return changed ?? store(encodeTree([]));
}

interface Task {
  tree: Digest | undefined;
  /** Names yet to walk, and what to do there. */
  changes: { names: string[]; change: Change }[];
  path: string;
}

/** All directories of one depth together, so that a depth costs one git process. Undefined stands for an empty directory. */
async function changeTrees(git: Git, tasks: Task[], store: StoreTree): Promise<(Digest | undefined)[]> {
  if (tasks.length === 0) return [];
  const existing = await readTrees(git, tasks);
  const below: { task: Task; nodes: Map<string, Node>; name: string }[] = [];
  tasks.forEach(({ changes, path }, i) => {
    const nodes = existing[i]!;
    const deeper = new Map<string, Task>();
    for (const { names, change } of changes) {
      const [name, ...rest] = names as [string, ...string[]];
      const place = `${path}${name}`;
      if (rest.length === 0) setNode(nodes, name, change);
      else {
        const node = nodes.get(name);
        if (node && node.mode !== "40000") throw obstacle(place);
        const task = deeper.get(name) ?? { tree: node?.id, changes: [], path: `${place}/` };
        task.changes.push({ names: rest, change });
        deeper.set(name, task);
      }
    }
    for (const [name, task] of deeper) below.push({ task, nodes, name });
  });
  const written = await changeTrees(
    git,
    below.map(({ task }) => task),
    store,
  );
  below.forEach(({ nodes, name }, i) => {
    const id = written[i];
    if (id === undefined) nodes.delete(name);
    else nodes.set(name, { name, mode: "40000", id });
  });
  return existing.map((nodes) => (nodes.size === 0 ? undefined : store(encodeTree([...nodes.values()]))));
}

function setNode(nodes: Map<string, Node>, name: string, change: Change): void {
  if ("remove" in change) nodes.delete(name);
  else if ("tree" in change) {
    if (change.tree === emptyTree) nodes.delete(name);
    else nodes.set(name, { name, mode: "40000", id: change.tree });
  } else {
    const mode = nodes.get(name)?.mode === "100755" ? "100755" : "100644";
    nodes.set(name, { name, mode, id: change.blob });
  }
}

async function readTrees(git: Git, tasks: readonly Task[]): Promise<Map<string, Node>[]> {
  const wanted = tasks.flatMap(({ tree }) => tree ?? []);
  const bodies = wanted.length === 0 ? undefined : readObjects(git, wanted, "tree");
  const trees: Map<string, Node>[] = [];
  for (const { tree } of tasks) {
    const body = tree === undefined ? undefined : (await bodies!.next()).value;
    trees.push(new Map(body ? [...nodesOf(body)].map((node) => [node.name, node]) : []));
  }
  await bodies?.next();
  return trees;
}

function obstacle(place: string): HeddleError {
  const file = plainText(Buffer.from(place, "latin1").toString());
  return new HeddleError("HDL400", `${file} is not a directory`, {
    problems: [{ file, message: "is not a directory", hint: "rename it: Heddle writes a directory there" }],
  });
}

function byteString(text: string): string {
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text).toString("latin1");
}

function encodeTree(nodes: Node[]): Buffer {
  const keyed = nodes.map((node) => ({ node, sort: node.mode === "40000" ? `${node.name}/` : node.name }));
  keyed.sort((a, b) => (a.sort < b.sort ? -1 : 1));
  const size = nodes.reduce((sum, { name, mode }) => sum + mode.length + name.length + 22, 0);
  const body = Buffer.allocUnsafe(size);
  let end = 0;
  for (const { node } of keyed) {
    end += body.write(`${node.mode} ${node.name}\0`, end, "latin1");
    end += body.write(node.id, end, "hex");
  }
  return body;
}

/** The entries of a tree object's bytes, in its order. */
export function* nodesOf(body: Buffer): Generator<Node> {
  for (let start = 0; start < body.length; ) {
    const end = body.indexOf(0, start);
    const [mode, name] = split(body.toString("latin1", start, end));
    yield { mode, name, id: body.toString("hex", end + 1, end + 21) };
    start = end + 21;
  }
}

/** One entry of a tree object's bytes by its name; undefined where there is none. */
export function nodeNamed(body: Buffer, name: string): Node | undefined {
  const wanted = Buffer.from(name);
  for (let start = 0; start < body.length; ) {
    const end = body.indexOf(0, start);
    const from = body.indexOf(32, start) + 1;
    if (end - from === wanted.length && body.compare(wanted, 0, wanted.length, from, end) === 0) {
      return { mode: body.toString("latin1", start, from - 1), name, id: body.toString("hex", end + 1, end + 21) };
    }
    start = end + 21;
  }
  return undefined;
}

function split(head: string): [mode: string, name: string] {
  const space = head.indexOf(" ");
  return [head.slice(0, space), head.slice(space + 1)];
}
