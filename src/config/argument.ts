import { HeddleError } from "../model/errors.js";
import { hasPassword } from "./database-url.js";
import { processVariables, type Variables } from "./environment.js";
import { Secret } from "./secret.js";

/** What a command was given where it takes a database. `from` may be shown. */
export type DatabaseArgument = { kind: "environment"; name: string } | { kind: "url"; url: Secret; from: string };

/**
 * Reads a database argument: the name of an environment, or `env:NAME` for a variable that holds a URL, or a URL
 * without a password. HDL100 for a URL with one, since other users see arguments; HDL103 where the variable is not set.
 */
export function databaseArgument(text: string, variables: Variables = processVariables()): DatabaseArgument {
  if (text.startsWith("env:")) {
    const name = text.slice("env:".length);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new HeddleError("HDL100", "env: needs the name of a variable", { hint: "for example env:CATALOG_URL" });
    }
    const url = variables[name];
    if (url) return { kind: "url", url: new Secret(url), from: text };
    const state = url === undefined ? "not set" : "empty";
    throw new HeddleError("HDL103", `the variable ${name} is ${state}`, { hint: `set ${name} in the environment` });
  }
  if (!/:\/\/|^pglite:/.test(text)) return { kind: "environment", name: text };
  if (hasPassword(text)) {
    throw new HeddleError("HDL100", "a URL with a password cannot be an argument: other users of this machine see it", {
      hint: "put the URL into a variable and name it: env:CATALOG_URL",
    });
  }
  return { kind: "url", url: new Secret(text), from: text };
}
