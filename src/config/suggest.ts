import { nearest } from "../model/nearest.js";

const longest = 15;

/** A hint that names what was most likely meant, and what is possible. */
export function suggest(given: unknown, possible: readonly unknown[], lead = "possible"): string {
  const names = [...new Set(possible.map(String))];
  const close = typeof given === "string" ? nearest(given, names) : undefined;
  const rest = names.length > longest ? `, and ${names.length - longest} more` : "";
  const list = names.length > 0 ? `${lead}: ${names.slice(0, longest).join(", ")}${rest}` : `${lead}: nothing`;
  return close === undefined ? list : `did you mean ${JSON.stringify(close)}? ${list}`;
}

/** A value as a message may quote it: not where it could be a secret that stands in a wrong place. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return /:\/\/|@/.test(text) || text.length > 80 ? "this text" : text;
}
