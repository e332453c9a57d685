import type { Finding } from "../database/database.js";
import type { GlobalFlags, Verb } from "./program.js";
import { confirmFor, print, printJson, printLine, tell } from "./terminal.js";

export const doctorCommand: Verb = (program, exit) => {
  const command = program
    .command("doctor <database>")
    .description("look an environment's database (or env:NAME) over: what stops weave or apply, and how to mend it")
    .option("--rev <revision>", "the revision whose datasets are looked at", "HEAD")
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .option("--sql", "print only the statements that an administrator runs once")
    .option("--mend", "create what is safe to create, after asking")
    .option("-y, --yes", "with --mend: do not ask")
    .option("--json", "print the findings as JSON")
    .action(async (target: string) => {
      const flags = command.optsWithGlobals<DoctorFlags>();
      const { doctor } = await import("../operations/doctor.js");
      const { findings, mended } = await doctor({
        directory: flags.directory,
        target,
        revision: flags.rev,
        config: flags.config,
        ...(flags.mend && { mend: (finding) => consent(finding, flags.yes ?? false) }),
      });
      const problems = findings.filter(({ level }) => level === "problem").length;
      if (problems > 0) exit(1);
      if (flags.json) return printJson({ findings, mended });
      if (flags.sql) return printStatements(findings);
      for (const finding of findings) show(finding);
      for (const { dataset, what } of mended) print(`mended: ${dataset === undefined ? what : `${dataset}: ${what}`}`);
      const warnings = findings.filter(({ level }) => level === "warning").length;
      const more = warnings > 0 ? `, ${warnings} ${warnings === 1 ? "warning" : "warnings"}` : "";
      print(
        problems === 0
          ? `Nothing stands in the way${more}.`
          : `${problems === 1 ? "1 problem" : `${problems} problems`}${more}.`,
      );
    });
};

interface DoctorFlags extends GlobalFlags {
  rev: string;
  config: string;
  sql?: boolean;
  mend?: boolean;
  yes?: boolean;
  json?: boolean;
}

async function consent({ dataset, message, mend = [] }: Finding, yes: boolean): Promise<boolean> {
  if (yes) return true;
  tell(dataset === undefined ? message : `${dataset}: ${message}`);
  for (const statement of mend) tell(`  ${statement}`);
  const answer = await confirmFor("Run this?")();
  if (answer === "nobody to ask") tell("  not run: nobody is there to answer; --yes runs it");
  return answer === "yes";
}

const marks = { ok: "+", warning: "~", problem: "-" } as const;

function show({ dataset, what, level, message, hint, sql, mend }: Finding): void {
  const where = dataset === undefined ? what : `${dataset}: ${what}`;
  const mark = marks[level];
  printLine({ mark, text: `${level.padEnd(7)}  ${where}: ${message}` });
  if (level === "ok") return;
  for (const line of [...(hint === undefined ? [] : [hint]), ...(sql ?? [])])
    printLine({ mark, text: `         → ${line}` });
  if (mend) printLine({ mark, text: "         → --mend can do this" });
}

function printStatements(findings: readonly Finding[]): void {
  const wanted = findings.filter(({ sql, mend, level }) => sql ?? (mend && level !== "ok"));
  if (wanted.length === 0) print("-- nothing to run");
  for (const { dataset, message, sql, mend } of wanted) {
    print(`-- ${dataset === undefined ? "" : `${dataset}: `}${message}`.replaceAll("\n", " "));
    for (const statement of sql ?? mend!) print(`${statement};`);
  }
}
