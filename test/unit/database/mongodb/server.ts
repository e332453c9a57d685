import { randomUUID } from "node:crypto";
import { inject } from "vitest";

/** The test server's URL with a database of its own name. There must be a server. */
export function databaseUrl(server = inject("mongodbUrl")): string {
  return server!.replace(/^([a-z+]+:\/\/[^/?]+)\/?/, `$1/test_${randomUUID().slice(0, 8)}`);
}
