// Writes the JSON Schemas that follow from the code; with --check says whether they are current instead. Needs a build.
import { readFileSync, writeFileSync } from "node:fs";
import { configSchema } from "../dist/config/schema.js";
import { noticeSchema } from "../dist/operations/notice-schema.js";
import { reportSchema } from "../dist/plan/report-schema.js";

const schemas = {
  "schemas/heddle.schema.json": configSchema(),
  "schemas/notification.schema.json": noticeSchema(),
  "schemas/plan-report.schema.json": reportSchema(),
};

let stale = false;
for (const [path, schema] of Object.entries(schemas)) {
  const url = new URL(`../${path}`, import.meta.url);
  const text = `${JSON.stringify(schema, null, 2)}\n`;
  if (!process.argv.includes("--check")) writeFileSync(url, text);
  else if (read(url) !== text) {
    stale = true;
    console.error(`${path} is stale: run \`npm run build && node scripts/schemas.mjs\``);
  }
}
if (stale) process.exitCode = 1;

function read(url) {
  try {
    return readFileSync(url, "utf8");
  } catch {
    return undefined;
  }
}
