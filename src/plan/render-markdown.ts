import { describeDependent } from "./dependents.js";
import { code, escapeHtml, prose } from "./markdown-text.js";
import type { Change, DatasetPlan, Plan } from "./plan.js";
import { type Consent, flagsFor } from "./policy.js";
import { entryName, type RenderContext, type ShownChange, showChanges } from "./show.js";
import {
  comparedNote,
  counted,
  datasetName,
  fieldName,
  keptBecause,
  labels,
  marks,
  shorten,
  summary,
  warnings,
} from "./words.js";

/** GitHub takes 65,536 characters; bytes are counted, which are never fewer, with room for what is put around it. */
const mostBytes = 60_000;
const mostFields = 40;

const rest = "\nWhat is left out here stands in the full report (`--format html`).\n";

/** Changes of one dataset that go into one folded block. */
interface Block {
  part: DatasetPlan;
  changes: readonly Change[];
}

/**
 * The plan for a comment on a pull request: what it comes to, missing consents, conflicts and deletions first, then
 * changes by dataset, folded. Under `limit` bytes of UTF-8; numbers are exact also where entries are left out, and no
 * more values are read than are shown.
 */
export async function renderMarkdown(
  plan: Plan,
  missing: readonly Consent[],
  context: RenderContext,
  { limit = mostBytes, title = `Plan for ${code(plan.environment)}` }: { limit?: number; title?: string } = {},
): Promise<string> {
  const compared = comparedNote(plan).map((text) => ` ${prose(`${text}.`)}`);
  const head = [
    `## ${title}\n`,
    `**${prose(summary(plan))}** Revision ${code(plan.revision.slice(0, 10))}.${compared}\n`,
    ...table(plan.datasets, limit / 8),
    ...list("Not applied without", missing.flatMap(consentLines), limit / 8),
    ...consentHelp(missing),
    ...list("To know", [...warnings(plan), ...(plan.dependents ?? []).map(describeDependent)].map(prose), limit / 8),
    ...list("Left as they are", plan.datasets.flatMap(keptLines), limit / 16),
  ].join("\n");
  let room = limit - bytes(head) - bytes(rest);
  const take = (text: string) => {
    room -= bytes(text);
    return text;
  };
  const blocksOf = (changes: (part: DatasetPlan) => readonly Change[]): Block[] =>
    plan.datasets.map((part) => ({ part, changes: changes(part) })).filter(({ changes }) => changes.length > 0);

  const conflicts = take(
    await section(
      "Refused",
      blocksOf(({ blocked }) => blocked),
      context,
      room / 3,
    ),
  );
  const deletes = take(
    deletions(
      blocksOf(({ changes }) => changes.filter(({ kind }) => kind === "delete")),
      room / 2,
    ),
  );
  const others = await section(
    "Changes",
    blocksOf(({ changes }) => changes.filter(({ kind }) => kind !== "delete")),
    context,
    room,
  );
  const text = `${head}\n${conflicts}${deletes}${others}`.trimEnd();
  return `${text}\n${/… and \d+ more/.test(text) ? rest : ""}`;
}

/** A row for each dataset with something to say, with exact numbers. */
function table(datasets: readonly DatasetPlan[], room: number): string[] {
  const count = ({ changes }: DatasetPlan, kind: Change["kind"]) => changes.filter((one) => one.kind === kind).length;
  const columns: [string, (part: DatasetPlan) => number][] = [
    ["create", (part) => count(part, "create")],
    ["update", (part) => count(part, "update")],
    ["delete", (part) => count(part, "delete")],
    ["refused", ({ blocked }) => blocked.length],
    ["adopted", ({ adopted }) => adopted],
    ["kept", ({ kept }) => kept.length],
    ["released", ({ released }) => released],
  ];
  const concerned = datasets.filter((part) => columns.some(([, of]) => of(part) > 0));
  if (concerned.length === 0) return [];
  const shown = columns.filter(([, of], i) => i < 3 || concerned.some((part) => of(part) > 0));
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const lines = [row(["dataset", ...shown.map(([name]) => name)]), row([":--", ...shown.map(() => "--:")])];
  const rows = concerned.map((part) => row([code(datasetName(part)), ...shown.map(([, of]) => String(of(part)))]));
  const some = fitting(rows, room);
  const more = rows.length - some.length;
  return [...lines, ...some, "", ...(more > 0 ? [`… and ${counted(more, "dataset", "datasets")} more.\n`] : [])];
}

/** As many items as there is room for. */
function list(title: string, items: readonly string[], room: number): string[] {
  if (items.length === 0) return [];
  const lines = fitting(
    items.map((item) => `- ${item}`),
    room,
  );
  const more = items.length - lines.length;
  return [`### ${title}\n`, ...lines, ...(more > 0 ? [`- … and ${more} more`] : []), ""];
}

function consentLines({ flag, reason, list = [] }: Consent): string[] {
  return [`${code(flag)}: ${prose(reason)}`, ...list.map(prose)];
}

function consentHelp(missing: readonly Consent[]): string[] {
  const flags = flagsFor(missing);
  if (flags.length === 0) return [];
  const labels = flags.map((flag) => code(`heddle:${flag.slice(2).replace(" ", "=")}`));
  return [`To consent: ${flags.map(code).join(" ")}, on a pull request the labels ${labels.join(" ")}.\n`];
}

function keptLines({ dataset, kept }: DatasetPlan): string[] {
  return kept.map(({ name, why }) => `${code(dataset.name)} ${code(entryName(name))}: ${prose(keptBecause[why])}`);
}

/** The names of what goes: no values are needed to know it. */
function deletions(blocks: readonly Block[], room: number): string {
  if (blocks.length === 0) return "";
  const total = blocks.reduce((sum, { changes }) => sum + changes.length, 0);
  let text = `### Deletes (${total})\n\n`;
  for (const [i, { part, changes }] of blocks.entries()) {
    const share = Math.max((room - bytes(text)) / (blocks.length - i), 1000);
    let line = `- ${code(datasetName(part))} (${changes.length}):`;
    if (bytes(text + line) + 100 > room)
      return `${text}- … and ${counted(blocks.length - i, "dataset", "datasets")} more\n\n`;
    let shown = 0;
    for (const { name, label } of changes) {
      const item = `${shown === 0 ? " " : ", "}${code(entryName(name))}${because(label)}`;
      if (bytes(line + item) + 40 > Math.min(share, room - bytes(text))) break;
      line += item;
      shown++;
    }
    const more = changes.length - shown;
    text += `${line}${more > 0 ? ` … and ${more} more` : ""}\n`;
  }
  return `${text}\n`;
}

/** Field diffs, a folded block for each dataset. */
async function section(title: string, blocks: readonly Block[], context: RenderContext, room: number): Promise<string> {
  if (blocks.length === 0) return "";
  const total = blocks.reduce((sum, { changes }) => sum + changes.length, 0);
  const open = total <= 10 ? "<details open>" : "<details>";
  let text = `### ${title} (${total})\n\n`;
  for (const [i, { part, changes }] of blocks.entries()) {
    const start = `${open}<summary><code>${escapeHtml(datasetName(part))}</code>: ${counted(changes.length, "entry", "entries")}</summary>\n\n\`\`\`diff\n`;
    const end = "```\n\n</details>\n\n";
    const left = room - bytes(text);
    if (bytes(start + end) + 100 > left)
      return `${text}… and ${counted(blocks.length - i, "dataset", "datasets")} more.\n\n`;
    const share = Math.min(left, Math.max(left / (blocks.length - i), 4000)) - bytes(start + end) - 60;
    let lines = "";
    let shown = 0;
    for await (const change of showChanges(part, changes, context)) {
      const diff = fieldDiff(change);
      if (bytes(lines + diff) > share) break;
      lines += diff;
      shown++;
    }
    const more = changes.length - shown;
    text += `${start}${lines}${more > 0 ? `@@ … and ${more} more @@\n` : ""}${end}`;
  }
  return text;
}

/** Every line begins with a mark and holds no line break: nothing in it can end the fence. */
function fieldDiff({ kind, label, name, fields }: ShownChange): string {
  const lines = fields.slice(0, mostFields).flatMap((field) => {
    const { from, to, types } = field;
    const note = `${types ? `  (${types})` : ""}${field.label !== label ? `  (${labels[field.label]})` : ""}`;
    const line = (mark: string, text: string | undefined) =>
      text === undefined ? [] : [`${mark} ${fieldName(field)}: ${shorten(text, 200)}${note}`];
    return [...line("-", from), ...line("+", to)];
  });
  const more = fields.length > mostFields ? [`@@ … and ${fields.length - mostFields} more fields @@`] : [];
  return [`@@ ${marks[kind]} ${name}${because(label)} @@`, ...lines, ...more, ""].join("\n");
}

function because(label: Change["label"]): string {
  return label === "git" ? "" : ` (${labels[label]})`;
}

/** The first of these lines that take no more bytes than this. */
function fitting(lines: readonly string[], room: number): string[] {
  let left = room;
  const fits = (line: string) => {
    left -= bytes(line) + 1;
    return left >= 0;
  };
  const end = lines.findIndex((line) => !fits(line));
  return lines.slice(0, end < 0 ? lines.length : end);
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}
