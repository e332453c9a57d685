import { HeddleError, type Problem } from "../model/errors.js";
import { formatPointer } from "../model/pointer.js";
import { compileExpression } from "./expression.js";
import { maskKinds } from "./pseudonym.js";
import type { Operation, Step, TransformRule } from "./rules.js";

/**
 * What is wrong with rules that fit their schema's shape, and can be known without a database or secrets. `path` points into the
 * list of rules. None means that they compile, given a mask key where there is a mask.
 */
export async function checkRules(rules: readonly TransformRule[]): Promise<Problem[]> {
  const found = await Promise.all(
    rules.map(async ({ when, steps }, index) => {
      const own = when === undefined ? [] : await checkExpression(when, ["when"]);
      const inner = await Promise.all(steps.map((step, i) => checkStep(step, ["steps", String(i)])));
      return [...own, ...inner.flat()].map(({ path, ...problem }) => ({ path: [String(index), ...path], ...problem }));
    }),
  );
  return found.flat().map(({ path, ...problem }) => ({ path: formatPointer(path), ...problem }));
}

type Found = Omit<Problem, "path"> & { path: string[] };

async function checkStep(step: Step, path: string[]): Promise<Found[]> {
  const kinds = Object.keys(step);
  if (kinds.length !== 1) return [{ path, message: `a step has one kind, this one has ${kinds.length}` }];
  const at = [...path, kinds[0]!];
  if ("patch" in step) return step.patch.flatMap((operation, i) => checkOperation(operation, [...at, String(i)]));
  if ("remove" in step) return step.remove.flatMap((pointer, i) => checkPointer(pointer, [...at, String(i)]));
  if ("rename" in step) {
    return Object.entries(step.rename).flatMap(([from, to]) => [
      ...checkPointer(from, [...at, from]),
      ...checkPointer(to, [...at, from]),
      ...(to.startsWith(`${from}/`) || from.startsWith(`${to}/`)
        ? [{ path: [...at, from], message: "a field cannot be renamed into itself or over what holds it" }]
        : []),
    ]);
  }
  if ("compute" in step) {
    const found = Object.entries(step.compute).map(async ([pointer, source]) => [
      ...checkPointer(pointer, [...at, pointer]),
      ...(await checkExpression(source, [...at, pointer])),
    ]);
    return (await Promise.all(found)).flat();
  }
  if ("mask" in step) {
    return Object.entries(step.mask).flatMap(([pointer, kind]) => [
      ...checkPointer(pointer, [...at, pointer]),
      ...(maskKinds.includes(kind)
        ? []
        : [{ path: [...at, pointer], message: "unknown mask kind", hint: `one of ${maskKinds.join(", ")}` }]),
    ]);
  }
  return [];
}

const needs: Record<Operation["op"], "value" | "from" | undefined> = {
  add: "value",
  replace: "value",
  test: "value",
  copy: "from",
  move: "from",
  remove: undefined,
};

function checkOperation(operation: Operation, path: string[]): Found[] {
  const { op, from } = operation;
  const found = [...checkPointer(operation.path, [...path, "path"])];
  if (!Object.hasOwn(needs, op)) {
    return [
      ...found,
      { path: [...path, "op"], message: "unknown operation", hint: `one of ${Object.keys(needs).join(", ")}` },
    ];
  }
  for (const name of ["value", "from"] as const) {
    const given = operation[name] !== undefined;
    if (given && needs[op] !== name) found.push({ path: [...path, name], message: `${op} takes no ${name}` });
    if (!given && needs[op] === name) found.push({ path, message: `${op} needs ${name}` });
  }
  if (from !== undefined) {
    found.push(...checkPointer(from, [...path, "from"]));
    if (op === "move" && operation.path.startsWith(`${from}/`)) {
      found.push({ path, message: "a value cannot be moved into itself" });
    }
  }
  return found;
}

function checkPointer(pointer: string, path: string[]): Found[] {
  if (/^(?:\/(?:[^~/]|~[01])*)+$/.test(pointer)) return [];
  const hint = pointer.startsWith("/") ? "~ is written ~0, and / inside a name ~1" : `/${pointer}`;
  return [{ path, message: "not a JSON Pointer to a field", hint }];
}

async function checkExpression(source: string, path: string[]): Promise<Found[]> {
  try {
    await compileExpression(source);
    return [];
  } catch (error) {
    if (error instanceof HeddleError) return [{ path, message: error.message }];
    throw error;
  }
}
