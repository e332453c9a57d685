// Wall clock and peak memory of whole processes, and ratios to a floor.
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const peakHook = new URL("peak.mjs", import.meta.url).href;
const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const floors = new URL("floors/", import.meta.url);

/** The built command: ms, and MB at its peak. */
export const heddle = (args, options) => node([main, ...args], options);

/** A program of floors/. */
export const floor = (name, args, options) => node([fileURLToPath(new URL(`${name}.mjs`, floors)), ...args], options);

let runs = 0;

async function node(args, options = {}) {
  const file = join(tmpdir(), `heddle-bench-${process.pid}-${++runs}`);
  const env = { ...options.env, HEDDLE_BENCH_PEAK: file };
  const { ms, output } = await program(process.execPath, ["--import", peakHook, ...args], { ...options, env });
  const mb = Math.round(Number(readFileSync(file, "utf8")) / 1024);
  rmSync(file);
  return { ms, mb, output };
}

/** Any program, from its start to its end; `input` names a file. Throws with what it printed where it fails. */
export async function program(command, args, { cwd, env, input } = {}) {
  const stdin = input === undefined ? "ignore" : openSync(input, "r");
  const started = performance.now();
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: [stdin, "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      if (output.length < 10_000) output += text;
    });
  }
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  const ms = performance.now() - started;
  if (input !== undefined) closeSync(stdin);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}\n${output}`);
  return { ms, output };
}

/** Parts that follow each other. */
export const inTurn = (...parts) => ({ ms: parts.reduce((sum, { ms }) => sum + ms, 0) });

/** The shortest of several runs of each contestant; they take turns, so that a busy machine hits all alike. */
export async function best(rounds, contestants) {
  const results = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(contestants)) {
      const { ms, mb } = await run(round);
      const before = results[name] ?? { ms: Number.POSITIVE_INFINITY };
      const peak = mb === undefined ? {} : { mb: Math.max(mb, before.mb ?? 0) };
      results[name] = { ms: Math.min(ms, before.ms), ...peak };
    }
  }
  return results;
}

/** A row of the table. `target` is the largest ratio that is wanted. */
export function row(work, { heddle, floor }, target) {
  return {
    work,
    "heddle s": seconds(heddle.ms),
    "floor s": seconds(floor.ms),
    ...verdict(heddle.ms / floor.ms, target),
    ...peak(heddle),
  };
}

/** A row whose target is in seconds. */
export function timeRow(work, { heddle }, target) {
  const value = seconds(heddle.ms);
  return { work, "heddle s": value, target: `${target} s`, met: value <= target, ...peak(heddle) };
}

export function verdict(ratio, target) {
  const rounded = Number(ratio.toFixed(2));
  return { ratio: rounded, target: `${target} ×`, met: rounded <= target };
}

const peak = ({ mb }) => (mb === undefined ? {} : { "peak MB": mb });
const seconds = (ms) => Number((ms / 1000).toFixed(ms < 1000 ? 3 : 2));
