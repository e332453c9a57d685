// Loaded into a measured process: leaves its peak memory (KB) behind. `maxRSS` would count what forked it.
import { readFileSync, writeFileSync } from "node:fs";

process.on("exit", () => {
  let peak = process.resourceUsage().maxRSS;
  try {
    peak = /^VmHWM:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1];
  } catch {}
  writeFileSync(process.env.HEDDLE_BENCH_PEAK, String(peak));
});
