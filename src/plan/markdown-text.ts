import { printable } from "../model/printable.js";
import { shorten } from "./words.js";

/** The first 300 characters of any text as one code span of GitHub's Markdown, also in a table: nothing in it is markup, a mention or a link. */
export function code(text: string): string {
  const safe = shorten(text, 300).replaceAll("|", "\\|");
  const longest = Math.max(0, ...[...safe.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = /^`|`$|^ .* $/.test(safe) || safe === "" ? " " : "";
  return `${fence}${pad}${safe}${pad}${fence}`;
}

/** The first 500 characters of a sentence that quotes names and subjects: markup shows as it is written, nobody is mentioned, nothing linked. */
export function prose(text: string): string {
  return shorten(text, 500)
    .replace(/[@#]|\b(?:www|GH)(?=[.-])|:(?=\/\/)/gi, "$&\u200b")
    .replace(/[\\`*_{}[\]<>()#+.!|~&"'$^=-]/g, "\\$&");
}

/** Text inside a tag's content or a quoted attribute. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`);
}
