import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HeddleError } from "../../../src/model/errors.js";
import { syncMetrics } from "../../../src/operations/metrics.js";
import type { Shown } from "../../../src/operations/plan.js";
import { pauseBefore } from "../../../src/operations/sync.js";
import { waitingEvent } from "../../../src/operations/sync-event.js";
import type { Consent } from "../../../src/plan/policy.js";

describe("pauses", () => {
  test("about `every` while all is well; after errors from 5 s, doubled, to 5 min or `every`; never without an end", () => {
    const every = fc.integer({ min: 100, max: 86_400_000 });
    const random = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(every, random, fc.integer({ min: 1, max: 10_000 }), (every, random, failures) => {
        const pause = pauseBefore(failures, every, random);
        expect(pause).toBeGreaterThanOrEqual(Math.min(every, 5_000) / 2);
        expect(pause).toBeLessThanOrEqual(Math.max(every, 300_000));
        expect(pauseBefore(failures + 1, every, random)).toBeGreaterThanOrEqual(pause);
        expect(Math.abs(pauseBefore(0, every, random) / every - 1)).toBeLessThanOrEqual(0.1 + 1e-9);
      }),
    );
    expect([1, 2, 3, 9].map((failures) => pauseBefore(failures, 60_000, 1))).toEqual([5_000, 10_000, 20_000, 300_000]);
  });
});

describe("what an error means where applies are repeated", () => {
  const consent = (kind: Consent["kind"], count: number, flag: string): Consent => ({
    kind,
    count,
    flag,
    reason: kind,
  });
  const shown = (...missing: Consent[]) => ({ missing, plan: { datasets: [] } }) as unknown as Shown;
  const target = { environment: "copy", revision: "abc" };
  const of = (code: ConstructorParameters<typeof HeddleError>[0], ...missing: Consent[]) =>
    waitingEvent(new HeddleError(code, "said"), target, shown(...missing));

  test("missing consents wait, with the command that grants all of them", () => {
    const event = of(
      "HDL600",
      consent("deletes", 3, "--allow-deletes 3"),
      consent("deletes", 2, "--allow-deletes 2"),
      consent("protected", 1, "--confirm copy"),
      consent("rollback", 4, "--rollback"),
    );
    expect(event).toMatchObject({
      event: "waiting",
      grant: "heddle apply copy --rev abc --allow-deletes 5 --confirm copy --rollback",
    });
  });

  test("what no flag grants has no command", () => {
    expect(of("HDL600", consent("atomic", 2, "apply.atomic: auto"))).not.toHaveProperty("grant");
    expect(of("HDL600")).not.toHaveProperty("grant");
    expect(of("HDL601", consent("rollback", 1, "--rollback"))).not.toHaveProperty("grant");
  });

  test("others that write are waited for; everything else is an error", () => {
    expect(["HDL207", "HDL602", "HDL609"].map((code) => of(code as "HDL207")?.event)).toEqual(["busy", "busy", "busy"]);
    expect(of("HDL200")).toBeUndefined();
    expect(waitingEvent(new TypeError(), target, undefined)).toBeUndefined();
  });
});

describe("metrics", () => {
  test("text format 0.0.4: every family once, with its type before its samples, every label quoted", () => {
    const metrics = syncMetrics("copy");
    const counts = { created: 1, updated: 2, deleted: 3 };
    metrics.observe({ event: "applied", level: "info", revision: "abc", counts, seconds: 1.5 });
    metrics.observe({ event: "failed", level: "error", code: "HDL300", message: "no", retry: 1 });
    const seen = new Map<string, string>();
    for (const line of metrics.render().split("\n").slice(0, -1)) {
      const type = /^# TYPE (heddle_sync_\w+) (gauge|counter|summary)$/.exec(line);
      if (type) {
        expect(seen.has(type[1]!)).toBe(false);
        seen.set(type[1]!, type[2]!);
      } else if (!/^# HELP heddle_sync_\w+ \S/.test(line)) {
        const [, name] = /^(\w+)\{(?:[a-z]+="[\w-]+"(?:,|(?=\})))+\} \d+(?:\.\d+)?$/.exec(line) ?? [];
        const family = [...seen.keys()].at(-1)!;
        expect(name, line).toMatch(new RegExp(`^${family}(?:_sum|_count)?$`));
        if (name!.endsWith("_total")) expect(seen.get(family)).toBe("counter");
      }
    }
    expect(metrics.render()).toContain('heddle_sync_entries_total{environment="copy",kind="deleted"} 3\n');
    expect(metrics.render()).toContain('heddle_sync_apply_duration_seconds_sum{environment="copy"} 1.5\n');
    expect(metrics.render()).toContain('heddle_sync_errors_total{environment="copy",code="HDL300"} 1\n');
  });

  test("ready after a good round, and not after a bad one", () => {
    const metrics = syncMetrics("copy");
    const observed = (event: Parameters<typeof metrics.observe>[0]) => {
      metrics.observe(event);
      return metrics.ready();
    };
    expect(metrics.ready()).toBe(false);
    expect(observed({ event: "round", level: "debug", revision: "abc" })).toBe(true);
    expect(observed({ event: "failed", level: "error", code: "HDL300", message: "no", retry: 1 })).toBe(false);
    expect(observed({ event: "round", level: "debug", revision: "abc" })).toBe(true);
  });
});
