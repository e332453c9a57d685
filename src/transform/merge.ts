import { isDocument, isWrapper, type Json } from "../model/json.js";
import { documentOf } from "./pointer.js";
import { type CompiledStep, fail } from "./step.js";

/**
 * JSON Merge Patch (RFC 7396) on an entry: documents merge member by member, anything else replaces, null removes.
 * A typed wrapper replaces whole, and is not merged into: HDL500.
 */
export function compileMerge(patch: { readonly [name: string]: Json }): CompiledStep {
  const members = Object.entries(patch);
  return {
    effects: members.map(([name, value]) => ({ kind: value === null ? "remove" : "add", name })),
    names: members.map(([name]) => name),
    run: ({ fields }) => {
      for (const [name, value] of members) {
        if (value === null) fields.delete(name);
        else fields.set(name, merged(fields.get(name), value, name));
      }
    },
  };
}

function merged(target: Json | undefined, patch: Json, name: string): Json {
  if (!isDocument(patch)) return patch;
  if (target !== undefined && isWrapper(target)) fail(`merge would enter the typed value of ${JSON.stringify(name)}`);
  const members = new Map(isDocument(target) ? Object.entries(target) : []);
  for (const [member, value] of Object.entries(patch)) {
    if (value === null) members.delete(member);
    else members.set(member, merged(members.get(member), value, member));
  }
  return documentOf(members);
}
