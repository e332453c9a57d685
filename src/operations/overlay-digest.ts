import { createHash } from "node:crypto";
import type { TransformRule } from "../transform/rules.js";

/** Digest of an overlay (SHA-256, hex), for records and saved plans. */
export function overlayDigest(overlay: readonly TransformRule[]): string {
  return createHash("sha256").update(JSON.stringify(overlay)).digest("hex");
}
