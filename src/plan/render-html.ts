import { describeDependent } from "./dependents.js";
import { filterForm, pageEnd, pageStart } from "./html-page.js";
import { escapeHtml } from "./markdown-text.js";
import type { Change, DatasetPlan, Plan } from "./plan.js";
import type { Consent } from "./policy.js";
import { entryName, type RenderContext, type ShownChange, type ShownField, showChanges } from "./show.js";
import {
  comparedNote,
  counted,
  datasetName,
  fieldName,
  keptBecause,
  labels,
  shorten,
  summary,
  warnings,
} from "./words.js";

const mostCharacters = 2000;

/**
 * The plan as one page for a browser, in pieces: it loads nothing, runs only its own filter (a content security policy
 * sees to that), and shows what is refused and deleted first. Values are read as the pieces are asked for.
 */
export async function* renderHtml(
  plan: Plan,
  missing: readonly Consent[],
  context: RenderContext,
  { title = `Plan for ${plan.environment}` }: { title?: string } = {},
): AsyncGenerator<string> {
  const parts = plan.datasets.filter((part) => part.changes.length + part.blocked.length > 0);
  yield pageStart(escapeHtml(title));
  yield `<h1>${escapeHtml(title)}</h1>\n<p><b>${escapeHtml(summary(plan))}</b></p>\n`;
  const compared = comparedNote(plan).map((text) => ` ${escapeHtml(text)}.`);
  yield `<p class="note">Revision ${escapeHtml(plan.revision)}. Nothing was changed by making this page.${compared}</p>\n`;
  const needs = missing.flatMap(({ flag, reason, list = [] }) => [`${reason} (${flag})`, ...list]);
  yield warning("It is not applied without a consent to:", needs);
  yield warning("To know:", [...warnings(plan), ...(plan.dependents ?? []).map(describeDependent)]);
  yield* numbers(plan.datasets);
  if (parts.length > 0) yield filterForm(parts.map((part) => escapeHtml(datasetName(part))));
  const all = (changes: (part: DatasetPlan) => readonly Change[], as?: string) => articles(parts, changes, context, as);
  yield* all(({ blocked }) => blocked, "refused");
  yield* all(({ changes }) => changes.filter(({ kind }) => kind === "delete"));
  yield* all(({ changes }) => changes.filter(({ kind }) => kind !== "delete"));
  yield* keptEntries(plan.datasets);
  yield parts.length > 0 ? pageEnd : "</body>\n</html>\n";
}

function warning(title: string, items: readonly string[]): string {
  if (items.length === 0) return "";
  const lines = items.map((item) => `<li>${escapeHtml(item)}</li>`);
  return `<div class="warn"><p>${title}</p><ul>\n${lines.join("\n")}\n</ul></div>\n`;
}

function* numbers(datasets: readonly DatasetPlan[]): Generator<string> {
  yield '<table class="numbers">\n<tr><th>Dataset</th><th>create</th><th>update</th><th>delete</th><th>refused</th><th>kept</th><th>released</th></tr>\n';
  for (const part of datasets) {
    const { changes, blocked, kept, released } = part;
    const count = (wanted: Change["kind"]) => changes.filter(({ kind }) => kind === wanted).length;
    const cells = [count("create"), count("update"), count("delete"), blocked.length, kept.length, released];
    if (cells.every((n) => n === 0)) continue;
    yield `<tr><td>${escapeHtml(datasetName(part))}</td>${cells.map((n) => `<td>${n}</td>`).join("")}</tr>\n`;
  }
  yield "</table>\n";
}

async function* articles(
  parts: readonly DatasetPlan[],
  changes: (part: DatasetPlan) => readonly Change[],
  context: RenderContext,
  as?: string,
): AsyncGenerator<string> {
  for (const [i, part] of parts.entries()) {
    for await (const change of showChanges(part, changes(part), context)) {
      yield article(datasetName(part), i, change, as ?? change.kind);
    }
  }
}

const words = { create: "New", update: "Changed", delete: "Deleted" } as const;

function article(dataset: string, number: number, { kind, label, name, fields }: ShownChange, as: string): string {
  const what = as === "refused" ? `Refused, ${words[kind].toLowerCase()}` : words[kind];
  const why = label === "git" ? "" : ` <span class="note">(${labels[label]})</span>`;
  const rows = fields.map((field) => fieldRow(field, kind, label));
  const table = rows.length > 0 ? `<table>${rows.join("")}</table>` : "";
  return `<article class="${as}" data-of="${number}"><p>${what}: ${escapeHtml(dataset)} <b>${escapeHtml(name)}</b>${why}</p>${table}</article>\n`;
}

function fieldRow(field: ShownField, kind: Change["kind"], changeLabel: Change["label"]): string {
  const { from, to, types, label } = field;
  const before = kind === "create" ? "" : `<td><del>${shownValue(from)}</del></td><td>→</td>`;
  const notes = [types ?? "", label === changeLabel ? "" : labels[label]].filter(Boolean).join(", ");
  const note = notes === "" ? "" : `<td class="note">${escapeHtml(notes)}</td>`;
  return `<tr><td>${escapeHtml(fieldName(field))}</td>${before}<td><ins>${shownValue(to)}</ins></td>${note}</tr>`;
}

/** Texts without their quotes, as people write them, unless they could then be taken for another value. */
function shownValue(value: string | undefined): string {
  if (value === undefined) return '<span class="note">nothing</span>';
  if (value === '""') return '<span class="note">empty text</span>';
  const isText = value.startsWith('"');
  const text = isText ? value.slice(1, -1) : value;
  return escapeHtml(shorten(isText && isPlain(text) ? text : value, mostCharacters));
}

/** Whether a text without its quotes is neither JSON nor escaped, and has no blanks at its ends. */
function isPlain(text: string): boolean {
  if (text.includes("\\") || text.trim() !== text) return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

function* keptEntries(datasets: readonly DatasetPlan[]): Generator<string> {
  for (const part of datasets) {
    const { kept } = part;
    if (kept.length === 0) continue;
    yield `<h2>${escapeHtml(datasetName(part))}: ${counted(kept.length, "entry", "entries")} left as they are</h2>\n<ul>\n`;
    for (const { name, why } of kept)
      yield `<li>${escapeHtml(entryName(name))}: ${escapeHtml(keptBecause[why])}</li>\n`;
    yield "</ul>\n";
  }
}
