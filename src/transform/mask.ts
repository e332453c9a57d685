import { HeddleError } from "../model/errors.js";
import { isWrapper, type Json } from "../model/json.js";
import { parsePointer } from "../model/pointer.js";
import { put, take, valueAt } from "./pointer.js";
import { type MaskKind, maskDigits, maskEmail, maskHash, maskName, maskNumber, type Secret } from "./pseudonym.js";
import { type CompiledStep, type Draft, type Effect, fail } from "./step.js";

const text: Record<Exclude<MaskKind, "remove">, (secret: Secret, value: string) => string> = {
  email: maskEmail,
  digits: maskDigits,
  name: maskName,
  hash: maskHash,
};

/**
 * Replaces values by pseudonyms: keyed, so that only the key's holder can make them; deterministic, so that equal values
 * of one kind stay equal in all datasets. null and the empty string stay. In an array or sub-document every value inside is
 * masked (names of members are not). Of typed values, numbers are masked by digits and ids by hash, and keep their type.
 * HDL500 for what a kind cannot mask (booleans, dates, numbers by anything but digits): nothing passes a mask unmasked.
 */
export function compileMask(kinds: { readonly [pointer: string]: MaskKind }, secret: Secret): CompiledStep {
  const targets = Object.entries(kinds).map(([pointer, kind]) => ({ pointer, path: parsePointer(pointer), kind }));
  return {
    effects: targets.flatMap(({ path, kind }): Effect[] => {
      if (kind !== "remove") return [{ kind: "mask", name: path[0] }];
      return path.length === 1 ? [{ kind: "remove", name: path[0] }] : [];
    }),
    names: targets.map(({ path }) => path[0]),
    run: (draft) => {
      for (const { pointer, path, kind } of targets) {
        const value = valueAt(draft.fields, path);
        if (value === undefined) continue;
        if (kind === "remove") take(draft.fields, path);
        else {
          refuseType(draft.types.get(path[0])?.type, kind, pointer);
          put(draft.fields, path, masked(draft, secret, kind, value, pointer));
        }
      }
    },
  };
}

/** Columns that come as text and take no pseudonym: the destination would refuse it. */
const unmaskable =
  /^(?:date|time|timestamp|interval|bytea|inet|cidr|macaddr|bit|money|point|line|lseg|box|path|polygon|circle|xml|ts|pg_|reg|oid|.*range)/;

function refuseType(type: string | undefined, kind: MaskKind, pointer: string): void {
  if (type !== undefined && unmaskable.test(type)) {
    fail(`${pointer}: a column of type ${type} cannot be masked by ${kind}`, "mask it by remove, or compute a value");
  }
}

function masked(draft: Draft, secret: Secret, kind: Exclude<MaskKind, "remove">, value: Json, pointer: string): Json {
  const inside = (item: Json) => masked(draft, secret, kind, item, pointer);
  if (value === null || value === "") return value;
  if (typeof value === "string") return text[kind](secret, value);
  if (Array.isArray(value)) return value.map(inside);
  if (typeof value === "object" && !isWrapper(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, inside(item)]));
  }
  const { codec } = draft;
  const type = codec.typeName(value);
  const refuse = () => fail(`${pointer}: a value of type ${type} cannot be masked by ${kind}`, "mask it by remove");
  const pseudonym = typedPseudonym(secret, kind, codec.toPlain(value));
  if (pseudonym === undefined) return refuse();
  try {
    const result = codec.fromPlain(pseudonym, value);
    return codec.typeName(result) === type ? result : refuse();
  } catch (error) {
    if (error instanceof HeddleError) return refuse();
    throw error;
  }
}

/** For a number, or the text that a typed number or id shows; undefined for what the kind is not for. */
function typedPseudonym(secret: Secret, kind: MaskKind, plain: unknown): string | number | undefined {
  if (typeof plain === "number") return kind === "digits" ? maskNumber(secret, plain) : undefined;
  if (typeof plain !== "string") return undefined;
  if (kind === "digits" && /^-?\d+(?:\.\d+)?$/.test(plain)) return maskDigits(secret, plain);
  return kind === "hash" ? maskHash(secret, plain) : undefined;
}
