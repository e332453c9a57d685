import { isDeepStrictEqual } from "node:util";
import { type Fields, isWrapper, type Json } from "../model/json.js";
import { formatPointer, parsePointer } from "../model/pointer.js";
import { documentOf, isIndex } from "./pointer.js";
import type { Operation } from "./rules.js";
import { type CompiledStep, type Effect, fail } from "./step.js";

/**
 * JSON Patch (RFC 6902): all operations or, with HDL500, none.
 *
 * The library works on ordinary objects and skips over names such as `constructor`. So it gets a copy in which no name
 * means anything to JavaScript: members are prefixed with `.`, and a typed wrapper is a box that no pointer enters.
 * Prefixed names also keep their order, whatever they look like.
 */
export async function compilePatch(operations: readonly Operation[]): Promise<CompiledStep> {
  const { applyPatch } = await import("rfc6902");
  const values = operations.map(({ value }) => (value === undefined ? undefined : encode(value)));
  const names = [...new Set(operations.flatMap(({ path, from }) => (from ? [top(from), top(path)] : [top(path)])))];

  const run = (fields: Fields): void => {
    const tree: Tree = {};
    for (const name of names) if (fields.has(name)) tree[`.${name}`] = encode(fields.get(name)!);
    for (const [index, operation] of operations.entries()) {
      const { op } = operation;
      const value = values[index];
      const target = locate(tree, operation.path, op);
      if (op === "test") {
        // The library's own comparison takes time and memory by the square of an array's length.
        if (!isDeepStrictEqual(target.value, value)) fail(`test ${operation.path}: the value is another`);
        continue;
      }
      const from = operation.from === undefined ? undefined : locate(tree, operation.from, op, "from").pointer;
      const [error] = applyPatch(tree, [
        { op, path: target.pointer, from, value } as Parameters<typeof applyPatch>[1][0],
      ]);
      if (error) fail(`${op} ${operation.path} is not possible: ${reason(operation)}`);
    }
    const results = Object.entries(tree).map(([name, value]): [string, Json] => [name.slice(1), decode(value)]);
    const kept = new Set(results.map(([name]) => name));
    for (const name of names) if (!kept.has(name)) fields.delete(name);
    for (const [name, value] of results) fields.set(name, value);
  };

  return { effects: operations.flatMap(effectsOf), names, run: (draft) => run(draft.fields) };
}

type Tree = { [name: string]: unknown };

const top = (pointer: string): string => parsePointer(pointer)[0];

const reason = ({ from, path }: Operation) =>
  from !== undefined && path.startsWith(`${from}/`) ? "a value cannot be moved into itself" : "nothing is there";

/** What an operation does to top-level fields. */
function effectsOf({ op, path, from }: Operation): Effect[] {
  const effects: Effect[] = [];
  const whole = (pointer: string) => parsePointer(pointer).length === 1;
  if (from !== undefined) effects.push({ kind: "copy", from: top(from), to: top(path) });
  if (op === "move" && whole(from!)) effects.push({ kind: "remove", name: top(from!) });
  if (op === "remove" && whole(path)) effects.push({ kind: "remove", name: top(path) });
  if ((op === "add" || op === "move" || op === "copy") && whole(path)) effects.push({ kind: "add", name: top(path) });
  return effects;
}

/** The pointer as the encoded tree needs it, and the value there. HDL500 where it leads nowhere or into a typed value. */
function locate(tree: Tree, pointer: string, op: Operation["op"], role?: "from"): { pointer: string; value: unknown } {
  const tokens = parsePointer(pointer);
  const adds = role !== "from" && (op === "add" || op === "copy" || op === "move");
  const path: string[] = [];
  let value: unknown = tree;
  for (const [depth, token] of tokens.entries()) {
    const last = depth === tokens.length - 1;
    if (Array.isArray(value)) {
      const inside = isIndex(token) && Number(token) < value.length + (last && adds ? 1 : 0);
      if (!inside && !(last && adds && token === "-")) fail(`${op} ${pointer}: the array has no element ${token}`);
      path.push(token);
      value = value[Number(token)];
    } else if (isBox(value)) {
      return fail(`${op} ${pointer} leads into a typed value`, "name the value itself; compute can give it a new one");
    } else {
      const there = value !== null && typeof value === "object";
      if (!there || !(Object.hasOwn(value as Tree, `.${token}`) || (last && adds))) {
        fail(`${op} ${pointer}: nothing is at ${formatPointer(tokens.slice(0, there ? depth + 1 : depth))}`);
      }
      path.push(`.${token}`);
      value = (value as Tree)[`.${token}`];
    }
  }
  return { pointer: formatPointer(path), value };
}

/** A typed wrapper in its box: documents have no such member, since theirs begin with a dot. */
const isBox = (value: unknown): value is { wrapper: Json } =>
  value !== null && typeof value === "object" && "wrapper" in value;

function encode(value: Json): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(encode);
  if (isWrapper(value)) return { wrapper: value };
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [`.${name}`, encode(item)]));
}

function decode(value: unknown): Json {
  if (value === null || typeof value !== "object") return value as Json;
  if (Array.isArray(value)) return value.map(decode);
  if (isBox(value)) return value.wrapper;
  return documentOf(Object.entries(value).map(([name, item]) => [name.slice(1), decode(item)]));
}
