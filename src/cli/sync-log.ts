import { printable } from "../model/printable.js";
import type { SyncEvent } from "../operations/sync-event.js";
import { print } from "./terminal.js";

/** What the command itself has to say. */
type OwnEvent = { level: "info"; event: "started" | "stopped"; listen?: string };

/** One line for each event: time, level and words; as JSON with all that is known. Level `debug` is left out. */
export function syncLog(environment: string, json = false): (event: SyncEvent | OwnEvent) => void {
  return (event) => {
    if (event.level === "debug") return;
    const time = new Date().toISOString();
    if (json) print(JSON.stringify({ time, environment, ...event }));
    else print(printable(`${time} ${event.level.padEnd(5)} ${environment}: ${wordsOf(event)}`));
  };
}

function wordsOf(event: SyncEvent | OwnEvent): string {
  switch (event.event) {
    case "started":
      return event.listen === undefined ? "started" : `started; http://${event.listen}/metrics, /healthz, /readyz`;
    case "stopped":
      return "stopped";
    case "moved":
      return `the branch is at ${short(event)}`;
    case "unchanged":
      return `already at ${short(event)}`;
    case "applied":
      return `applied ${short(event)}: ${counts(event)} in ${event.seconds.toFixed(1)} s`;
    case "resumed":
      return `finished an apply of ${short(event)} that had broken off: ${counts(event)}`;
    case "drifted":
      return `drifted from ${short(event)}: ${counts(event)} would undo it`;
    case "waiting": {
      const reasons = event.missing.map(({ reason, flag }) => `${reason} (${flag})`);
      const conflicts = event.conflicts > 0 ? [`${event.conflicts} in conflict`] : [];
      const why = [...conflicts, ...reasons].join("; ") || event.message;
      return `${short(event)} is not applied, ${event.code}: ${why}${event.grant ? `; grant it by: ${event.grant}` : ""}`;
    }
    case "busy":
      return `tried again in the next round, ${event.code}: ${event.message}`;
    case "failed": {
      const hint = event.hint === undefined ? "" : ` (${event.hint})`;
      return `failed, ${event.code}: ${event.message}${hint}; again in ${Math.ceil(event.retry / 1000)} s`;
    }
    case "warning":
      return event.message;
    case "clean":
      return "no longer drifted";
    default:
      return event.event;
  }
}

function short({ revision }: { revision: string }): string {
  return revision.slice(0, 10);
}

function counts({ counts: { created, updated, deleted } }: Extract<SyncEvent, { counts: object }>): string {
  return `${created} created, ${updated} updated, ${deleted} deleted`;
}
