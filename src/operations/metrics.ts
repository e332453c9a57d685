import type { SyncEvent } from "./sync-event.js";

/** What a sync did, in numbers. */
export interface Metrics {
  observe(event: SyncEvent): void;
  /** Whether the last round ended without an error. */
  ready(): boolean;
  /** Prometheus' text format 0.0.4. */
  render(): string;
}

type Labels = Record<string, string>;

/** The metrics of one environment; every one of them says whose it is. */
export function syncMetrics(environment: string): Metrics {
  let lastSuccess = 0;
  let failing = 0;
  let drifted = 0;
  let waiting = { consents: 0, conflicts: 0 };
  let revision: string | undefined;
  const duration = { sum: 0, count: 0 };
  const entries = { created: 0, updated: 0, deleted: 0 };
  const applies = { applied: 0, waiting: 0, busy: 0 };
  const errors = new Map<string, number>();
  let undelivered = 0;

  return {
    observe(event) {
      switch (event.event) {
        case "round":
          lastSuccess = Date.now() / 1000;
          failing = 0;
          break;
        case "applied":
          applies.applied++;
          duration.count++;
          duration.sum += event.seconds;
          for (const kind of ["created", "updated", "deleted"] as const) entries[kind] += event.counts[kind];
          drifted = 0;
          waiting = { consents: 0, conflicts: 0 };
          ({ revision } = event);
          break;
        case "unchanged":
          waiting = { consents: 0, conflicts: 0 };
          ({ revision } = event);
          break;
        case "waiting":
          applies.waiting++;
          waiting = { consents: event.missing.length, conflicts: event.conflicts };
          break;
        case "busy":
          applies.busy++;
          break;
        case "drifted":
          drifted = event.counts.created + event.counts.updated + event.counts.deleted;
          break;
        case "clean":
          drifted = 0;
          break;
        case "failed":
          failing++;
          errors.set(event.code, (errors.get(event.code) ?? 0) + 1);
          break;
        case "warning":
          undelivered++;
      }
    },
    ready: () => lastSuccess > 0 && failing === 0,
    render() {
      const lines: string[] = [];
      const add = (
        name: string,
        type: string,
        help: string,
        samples: (readonly [Labels, number, suffix?: string])[],
      ) => {
        lines.push(`# HELP heddle_sync_${name} ${help}`, `# TYPE heddle_sync_${name} ${type}`);
        for (const [labels, value, suffix = ""] of samples) {
          const all = Object.entries({ environment, ...labels }).map(([label, text]) => `${label}="${text}"`);
          lines.push(`heddle_sync_${name}${suffix}{${all.join(",")}} ${value}`);
        }
      };
      const each = (counts: object, label: string) =>
        Object.entries(counts).map(([name, value]) => [{ [label]: name }, value as number] as const);
      add("last_success_timestamp_seconds", "gauge", "When a round last ended without an error.", [[{}, lastSuccess]]);
      add("failures", "gauge", "Rounds that failed since then.", [[{}, failing]]);
      add(
        "errors_total",
        "counter",
        "Rounds that failed, by the error's code.",
        each(Object.fromEntries(errors), "code"),
      );
      const at = revision === undefined ? [] : [[{ revision }, 1] as const];
      add("applied_info", "gauge", "The commit that the environment was brought to, or found at.", at);
      add("applies_total", "counter", "Applies by what became of them.", each(applies, "outcome"));
      add("apply_duration_seconds", "summary", "How long applies took that wrote something.", [
        [{}, duration.sum, "_sum"],
        [{}, duration.count, "_count"],
      ]);
      add("entries_total", "counter", "Entries written.", each(entries, "kind"));
      add("drifted_entries", "gauge", "Entries that differ from what was applied, when last compared.", [
        [{}, drifted],
      ]);
      add("pending_consents", "gauge", "Consents that the branch's newest commit waits for.", [[{}, waiting.consents]]);
      add(
        "conflicts",
        "gauge",
        "Entries that git and the database both changed, which stop the branch's newest commit.",
        [[{}, waiting.conflicts]],
      );
      add("notifications_failed_total", "counter", "Webhooks that were not told.", [[{}, undelivered]]);
      return `${lines.join("\n")}\n`;
    },
  };
}
