import { hash } from "node:crypto";
import type { EnvironmentConfig, WeaveConfig } from "./config.js";

/**
 * SHA-256 (hex) of what a weave or environment says, defaults included: the same for another layout, comments or
 * written-out defaults. Variables count by name, so no secret enters. Orders count, since they can be data (`merge`). Whom to notify says nothing about what is written.
 */
export function configDigest(config: WeaveConfig | EnvironmentConfig): string {
  const { document, at: _at, place: _place, ...rest } = config;
  const said =
    "source" in rest
      ? { ...rest, source: { ...rest.source, url: rest.source.url.text }, maskKey: rest.maskKey?.text }
      : { ...rest, notify: undefined, database: { url: rest.database.url.text } };
  return hash("sha256", JSON.stringify([document.apiVersion, document.kind, said]));
}
