import type { Problem } from "../model/errors.js";
import { blank, checkVariables } from "./template.js";

/** What is wrong with the text of a `url`; the text itself is never quoted, since it may hold a secret. */
export function checkUrl(text: string): Problem | undefined {
  const bad = checkVariables(text);
  if (bad) return bad;
  if (hasPassword(text)) {
    return {
      message: "a password written into the URL",
      hint: "put it into a variable, postgres://user:${DB_PASSWORD}@host/name, or the whole URL: ${DB_URL}",
    };
  }
  if (!/^(?:(?:postgres(?:ql)?|mongodb(?:\+srv)?):\/\/|pglite:.|\$\{)/.test(text)) {
    return {
      message: "not a database URL",
      hint: "write postgres://…, mongodb://…, mongodb+srv://…, pglite:<directory>, or ${NAME}",
    };
  }
  return undefined;
}

/** The same of a webhook's `url`. */
export function checkWebhookUrl(text: string): Problem | undefined {
  const bad = checkVariables(text);
  if (bad) return bad;
  const hint = "put what is secret of it into a variable, or the whole URL: ${HOOK_URL}";
  if (hasPassword(text)) return { message: "a password written into the URL", hint };
  if (/^(?:https?:\/\/.|\$\{)/.test(text)) return undefined;
  return { message: "not a webhook's URL", hint: "write https://…, http://…, or ${NAME}" };
}

/**
 * Whether a URL holds a password outside `${NAME}`: before the `@`, or in the query. Passwords that nobody encoded
 * (with `/`, `?` or `@` in them) are found as well, so this asks for more than a URL parser would.
 */
export function hasPassword(text: string): boolean {
  if (text.startsWith("pglite:")) return false;
  const [head = "", ...query] = blank(text)
    .replace(/^[^:/?]+:\/\//, "")
    .split("?");
  const at = head.lastIndexOf("@");
  if (at >= 0) {
    const password = /:(.*)$/s.exec(head.slice(0, at))?.[1] ?? "";
    if (password !== "" && password !== "\0") return true;
  } else if (!portsOnly(head.split(/[/#]/)[0]!) || /^[^=&;]*@/.test(query.join("?"))) return true;
  return query.join("&").split(/[&;]/).some(holdsSecret);
}

/** Host names with ports, IPv6 addresses in brackets: no text after a colon that could be the rest of a password. */
function portsOnly(hosts: string): boolean {
  return hosts
    .replace(/\[[^\]]*\]/g, "")
    .split(",")
    .every((host) => /^[^:]*(?::(?:\d+|\0)?)?$/.test(host));
}

function holdsSecret(parameter: string): boolean {
  const [name = "", value = ""] = parameter.split(/=(.*)/s).map(decode);
  if (/pass|pwd|secret|token/i.test(name)) return value !== "" && value !== "\0";
  return /(?:TOKEN|SECRET|PASSWORD):(?!\0)/i.test(value);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
