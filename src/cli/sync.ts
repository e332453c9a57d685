import { InvalidArgumentError } from "commander";
import type { Address } from "../operations/probes.js";
import { grantsOf, wholeNumber } from "./grants.js";
import type { GlobalFlags, Verb } from "./program.js";
import { stopSignal } from "./stop-signal.js";
import { syncLog } from "./sync-log.js";

const units = { s: 1_000, m: 60_000, h: 3_600_000 };

export const syncCommand: Verb = (program, exit) => {
  const command = program
    .command("sync <environment>")
    .description("keep an environment at a remote's branch: fetch it, apply it when it moves, report drift")
    .option("--every <duration>", "how long to wait between rounds", duration, units.m)
    .option(
      "--drift-every <duration>",
      "how long to wait between comparisons with the database",
      duration,
      10 * units.m,
    )
    .option("--once", "one round: exits as apply does, 2 for drift")
    .option("--remote <name>", "the remote to fetch from", "origin")
    .option("--branch <name>", "the branch to apply", "main")
    .option("--listen <[host:]port>", "serve /healthz, /readyz and /metrics there; host 127.0.0.1", address)
    .option("--allow-deletes <n>", "every apply may delete up to <n> entries over maxDeletes", wholeNumber)
    .option("--allow-changes <n>", "every apply may update up to <n> entries over maxChanges", wholeNumber)
    .option("--adopt", "every apply may change existing entries that Heddle never wrote")
    .option("--confirm <environment>", "the name of a protected environment")
    .option("--json", "print log lines as JSON")
    .action(async (environment: string) => {
      const flags = command.optsWithGlobals<SyncFlags>();
      const [{ sync }, { syncMetrics }, { serveProbes }] = await Promise.all([
        import("../operations/sync.js"),
        import("../operations/metrics.js"),
        import("../operations/probes.js"),
      ]);
      const metrics = syncMetrics(environment);
      const log = syncLog(environment, flags.json);
      const signal = stopSignal();
      await using probes = flags.listen && (await serveProbes(flags.listen, metrics));
      log({ level: "info", event: "started", ...(probes && { listen: `${probes.host}:${probes.port}` }) });
      const { directory, every, driftEvery, remote, branch, once = false } = flags;
      const options = {
        directory,
        environment,
        every,
        driftEvery,
        remote,
        branch,
        once,
        signal,
        grants: grantsOf(flags),
      };
      const { drifted } = await sync({
        ...options,
        report: (event) => {
          metrics.observe(event);
          log(event);
        },
      });
      log({ level: "info", event: "stopped" });
      if (drifted) exit(2);
    });
};

interface SyncFlags extends GlobalFlags {
  every: number;
  driftEvery: number;
  once?: boolean;
  remote: string;
  branch: string;
  listen?: Address;
  json?: boolean;
}

/** `30s`, `1.5m`, `2h`: in ms. */
function duration(text: string): number {
  const [, number, unit] = /^(\d{1,5}(?:\.\d{1,3})?)([smh])$/.exec(text) ?? [];
  const ms = Number(number) * units[unit as keyof typeof units];
  if (ms >= 100 && ms <= 24 * units.h) return ms;
  throw new InvalidArgumentError("a duration belongs there, such as 30s, 5m or 1h: 0.1s to 24h.");
}

/** `9464`, `0.0.0.0:9464`, `[::]:9464`. */
function address(text: string): Address {
  const [, bracketed, host = bracketed ?? "127.0.0.1", port] =
    /^(?:\[([\da-f:.]+)\]:|([\w.-]+):)?(\d{1,5})$/i.exec(text) ?? [];
  if (port !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
  throw new InvalidArgumentError("[HOST:]PORT belongs there, such as 9464 or 0.0.0.0:9464.");
}
