import { HeddleError, type Place, type Problem } from "../model/errors.js";
import { processVariables, type Variables } from "./environment.js";
import { Secret } from "./secret.js";

/** Text of a `url` or `maskKey` whose `${NAME}` are not replaced yet: that happens when it is used, and only then. */
export interface Template {
  text: string;
  place: Place;
}

const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** What is wrong with a template's variables; the text itself is never quoted. */
export function checkVariables(text: string): Problem | undefined {
  if (!text.replace(variable, "").includes("${")) return undefined;
  return {
    message: "a `${` that names no variable",
    hint: "write ${NAME} with letters, digits and _; there are no defaults and no nesting",
  };
}

/** What is wrong with the text of a `maskKey` or `secret`: anything but one variable would put a secret into git. */
export function checkKey(name: "maskKey" | "secret", text: string): Problem | undefined {
  if (/^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/.test(text)) return undefined;
  const [what, hint] = {
    maskKey: ["a mask key", 'name a variable instead: maskKey: "${MASK_KEY}"'],
    secret: ["a secret", 'name a variable instead: secret: "${HOOK_SECRET}"'],
  }[name] as [string, string];
  return checkVariables(text) ?? { message: `${what} written into the configuration`, hint };
}

/** The text with every variable as NUL, which stands for "a value that is not written here". */
export function blank(text: string): string {
  return text.replace(variable, "\0");
}

/**
 * The values of templates. A template that is one variable has its value, byte for byte; inside a URL a value is
 * percent-encoded where that keeps its meaning (user, password, path, query), so that it may hold any character.
 * Values are never searched for `${` again. HDL103 lists every variable that is not set or is empty, with its place.
 */
export function resolve<Name extends string>(
  templates: Record<Name, Template>,
  variables: Variables = processVariables(),
): Record<Name, Secret> {
  const problems: Problem[] = [];
  const secrets = {} as Record<Name, Secret>;
  for (const name of Object.keys(templates) as Name[]) {
    const { text, place } = templates[name];
    const value = text.replace(variable, (whole, key: string, offset: number) => {
      const found = variables[key];
      if (found === undefined || found === "") {
        const message = `the variable ${key} is ${found === undefined ? "not set" : "empty"}`;
        problems.push({ ...place, message, hint: `set ${key} in the environment` });
        return "";
      }
      if (whole === text) return found;
      const encoded = encoder(text.slice(0, offset), text.slice(offset + whole.length))(found);
      if (encoded !== undefined) return encoded;
      problems.push({ ...place, message: `the variable ${key} holds a character that a host cannot have` });
      return "";
    });
    secrets[name] = new Secret(value);
  }
  if (problems.length > 0) {
    const names = problems.length === 1 ? "a variable" : `${problems.length} variables`;
    throw new HeddleError("HDL103", `${names} of the configuration cannot be read`, { problems });
  }
  return secrets;
}

/** How a value is written at its place in a URL. */
function encoder(before: string, after: string): (value: string) => string | undefined {
  const scheme = /^[a-z+]+:\/\//.exec(before);
  if (!scheme) return (value) => value;
  const authority = before.slice(scheme[0].length);
  if (/[/?]/.test(authority)) return encodeURIComponent;
  if (!authority.includes("@") && /^[^/?]*@/.test(after)) return encodeURIComponent;
  return (value) => (/[\s/?#@\\\0]/.test(value) ? undefined : value);
}
