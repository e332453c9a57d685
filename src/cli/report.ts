import { createWriteStream } from "node:fs";
import { extname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { HeddleError } from "../model/errors.js";
import type { Shown } from "../operations/plan.js";
import { print, printLine, printPiece, tell } from "./terminal.js";

const formats = ["text", "json", "markdown", "html"] as const;
type Format = (typeof formats)[number];

export interface ReportFlags {
  format: Format;
  json?: boolean;
  report?: { file: string; format: Format }[];
}

/** Adds the flags that say how plans are shown, and where. */
export function reportFlags(command: Command): Command {
  return command
    .addOption(new Option("--format <format>", "how the plan is printed").choices(formats).default("text"))
    .option("--json", "the same as --format json")
    .option("--report <file>", "write it to this file too: .txt, .json, .md or .html; may be given again", addFile);
}

const extensions: Record<string, Format> = { ".txt": "text", ".json": "json", ".md": "markdown", ".html": "html" };

function addFile(file: string, before: ReportFlags["report"] = []): NonNullable<ReportFlags["report"]> {
  const format = extensions[extname(file)];
  if (!format) throw new InvalidArgumentError("a name that ends with .txt, .json, .md or .html belongs there.");
  return [...before, { file, format }];
}

/** Prints plans, and the lines of what came of them, as the flags say. */
export interface Reporter {
  present(shown: Shown): Promise<void>;
  /** What came of the plan: a line for people, or members for JSON. */
  finish(lines: readonly string[], members: Record<string, unknown>): Promise<void>;
}

/**
 * @param title what the report is about
 * @param finishes whether `finish` will be called: JSON is printed only then, as one document, of the plan shown last
 */
export function reporter(
  flags: ReportFlags,
  { title, finishes = false }: { title?: string; finishes?: boolean } = {},
): Reporter {
  const format = flags.json ? "json" : flags.format;
  let held: string[] = [];
  return {
    async present(shown) {
      for (const { file, format } of flags.report ?? []) await save(file, pieces(format, shown, title));
      held = [];
      if (format === "text") {
        const { renderText } = await import("../plan/render-text.js");
        const { plan, missing, context } = shown;
        for await (const line of renderText(plan, missing, context)) printLine(line);
      } else {
        for await (const piece of pieces(format, shown, title)) {
          if (format === "json" && finishes) held.push(piece);
          else await printPiece(piece);
        }
      }
    },
    async finish(lines, members) {
      if (format !== "json") {
        for (const line of lines) format === "text" ? print(line) : tell(line);
        return;
      }
      const end = held.pop();
      for (const piece of held) await printPiece(piece);
      for (const [name, value] of Object.entries(members)) await printPiece(`,\n  "${name}": ${JSON.stringify(value)}`);
      await printPiece(end!);
    },
  };
}

async function* pieces(format: Format, shown: Shown, title: string | undefined): AsyncGenerator<string> {
  const { plan, missing, context, binding } = shown;
  const more = title === undefined ? {} : { title };
  if (format === "json") {
    const { renderJson } = await import("../plan/render-json.js");
    yield* renderJson(plan, missing, context, binding === undefined ? {} : { binding });
  } else if (format === "markdown") {
    const { renderMarkdown } = await import("../plan/render-markdown.js");
    yield await renderMarkdown(plan, missing, context, more);
  } else if (format === "html") {
    const { renderHtml } = await import("../plan/render-html.js");
    yield* renderHtml(plan, missing, context, more);
  } else {
    const { renderText } = await import("../plan/render-text.js");
    for await (const { text } of renderText(plan, missing, context)) yield `${text}\n`;
  }
}

/** A report shows data: only its owner reads the file. */
async function save(file: string, text: AsyncGenerator<string>): Promise<void> {
  await pipeline(Readable.from(text), createWriteStream(file, { mode: 0o600 })).catch((cause: unknown) => {
    if (cause instanceof HeddleError) throw cause;
    throw new HeddleError("HDL100", `${file} cannot be written`, { cause });
  });
}
