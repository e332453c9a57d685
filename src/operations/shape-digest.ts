import { createHash } from "node:crypto";
import type { Json } from "../model/json.js";
import { type Naming, sameNames } from "../model/naming.js";
import type { AppliedRecord } from "../model/record.js";
import type { TransformRule } from "../transform/rules.js";

/**
 * Digest (SHA-256, hex) of all that the revision itself says about how its entries look in an environment's database: the
 * overlay, `map`, `identify` and `references`. Of records and saved plans. Not of `ignore`, `local` and the other rules of
 * the trusted configuration. Where nothing is named otherwise it is the digest of the overlay alone, as older records have it.
 */
export function shapeDigest(naming: Naming, overlay: readonly TransformRule[]): string {
  const shape = isPlain(naming) ? overlay : [overlay, naming.map, naming.identify, naming.references];
  return createHash("sha256").update(JSON.stringify(shape)).digest("hex");
}

/** What a record keeps of it, so that the next apply, undo and drift see entries as this one did. */
export function shapeRecord(naming: Naming, overlay: readonly TransformRule[]): AppliedRecord["overlay"] {
  const rules = overlay as unknown as Json;
  return { digest: shapeDigest(naming, overlay), rules, ...(!isPlain(naming) && { naming }) };
}

/** The shape of what was applied. */
export function recordedShape({ overlay }: Pick<AppliedRecord, "overlay">): {
  overlay: TransformRule[];
  naming: Naming;
} {
  return { overlay: overlay.rules as unknown as TransformRule[], naming: overlay.naming ?? sameNames };
}

function isPlain(naming: Naming): boolean {
  return Object.values(naming).every((part) => Object.keys(part).length === 0);
}
