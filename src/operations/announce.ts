import type { EnvironmentConfig } from "../config/config.js";
import { HeddleError } from "../model/errors.js";
import type { NoticeKind } from "../model/notice.js";
import type { Plan } from "../plan/plan.js";
import type { Confirm } from "./gate.js";
import { errorData, newNotice, planData } from "./notice.js";
import type { NoticeData } from "./notice-schema.js";
import type { Shown } from "./plan.js";
import { deliver, webhooksOf } from "./webhook.js";

export interface AnnounceOptions {
  /** Called with a line for each webhook that was not told. */
  warn?: (text: string) => void;
  /** For work that is done over and over: what was told last, by kind. The same again is not told again. */
  told?: Map<NoticeKind, string>;
  signal?: AbortSignal;
}

/** Tells an environment's webhooks, all at once. Never throws: what was not delivered is a line for `warn`. */
export async function announce(
  environment: EnvironmentConfig,
  kind: NoticeKind,
  data: Omit<NoticeData, "environment">,
  { warn, told, signal }: AnnounceOptions,
): Promise<void> {
  const { name } = environment;
  const wanted = webhooksOf(environment).filter(({ on }) => on.includes(kind));
  // A plan made again has another id.
  const same = JSON.stringify({ ...data, plan: undefined });
  if (wanted.length === 0 || told?.get(kind) === same) return;
  told?.set(kind, same);
  const body = JSON.stringify(newNotice(kind, { environment: name, ...data }));
  const failures = await Promise.all(
    wanted.map(({ hook }) => (typeof hook === "string" ? hook : deliver(hook, body, signal))),
  );
  for (const failure of failures) if (failure !== undefined) warn?.(`${name}: not notified (${kind}): ${failure}`);
}

/** What an apply or an undo is run with, and gives. */
interface Writing extends AnnounceOptions {
  present?: (shown: Shown) => Promise<void>;
  confirm?: Confirm;
}
interface Written {
  plan: Plan;
  written?: boolean;
  resumed?: Plan;
}

/**
 * Runs an apply or undo and announces how it ended, when it has. What was interrupted, or what a person said no to, is
 * not announced. Where it is repeated (`told`), a plan that waits for somebody is planned, not failed, and that
 * another apply was quicker is nothing to announce.
 */
export async function announced<O extends Writing, R extends Written>(
  environment: EnvironmentConfig,
  verb: "apply" | "undo",
  options: O,
  run: (options: O) => Promise<R>,
): Promise<R> {
  let shown: Shown | undefined;
  let declined = false;
  const { present, confirm } = options;
  const watched: O = {
    ...options,
    present: async (plan: Shown) => {
      shown = plan;
      await present?.(plan);
    },
    ...(confirm && {
      confirm: async (plan: Plan) => {
        const answer = await confirm(plan);
        declined = answer === "no";
        return answer;
      },
    }),
  };
  try {
    const result = await run(watched);
    const done = [result.resumed, result.written === false ? undefined : result.plan];
    for (const plan of done) if (plan) await announce(environment, "applied", { verb, ...planData(plan) }, options);
    return result;
  } catch (error) {
    const code = error instanceof HeddleError ? error.code : undefined;
    const passing = options.told !== undefined && (code === "HDL207" || code === "HDL602");
    if (code !== "HDL900" && !declined && !passing) {
      const waits = options.told !== undefined && (code === "HDL600" || code === "HDL601");
      const said = shown && planData(shown.plan, shown.missing);
      await announce(environment, waits ? "planned" : "failed", { verb, ...said, ...errorData(error) }, options);
    }
    throw error;
  }
}
