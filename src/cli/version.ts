import { readFileSync } from "node:fs";

export function version(): string {
  return (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string })
    .version;
}

/** Answers a command line that asks for nothing else, before anything else is loaded. */
export function printVersion(args: readonly string[]): boolean {
  if (args.length !== 1 || !["--version", "-V"].includes(args[0]!)) return false;
  process.stdout.write(`${version()}\n`);
  return true;
}
