// Writes the matrix of types into docs/formats.md from what the tests of the codecs recorded; with --check says whether it
// is current instead.
import { readFileSync, writeFileSync } from "node:fs";

const page = new URL("../docs/formats.md", import.meta.url);
const zoo = (engine) =>
  JSON.parse(readFileSync(new URL(`../test/unit/database/${engine}/zoo.golden.json`, import.meta.url), "utf8"));
const [begin, end] = ["<!-- types:begin -->", "<!-- types:end -->"];

const text = readFileSync(page, "utf8");
const [head, rest] = text.split(begin);
const tail = rest?.split(end)[1];
if (tail === undefined) throw new Error(`docs/formats.md has no ${begin} … ${end}`);
const current = `${head}${begin}\n${section("PostgreSQL", zoo("postgres"))}${section("MongoDB", zoo("mongodb"))}${end}${tail}`;
if (!process.argv.includes("--check")) writeFileSync(page, current);
else if (current !== text) {
  console.error("the matrix of types in docs/formats.md is stale: run `npm run types`");
  process.exitCode = 1;
}

function section(engine, types) {
  const messages = types.map(({ refused }) =>
    refused.map((message) => message.replace(/ expected for .*/, " expected")),
  );
  const counts = new Map();
  for (const message of messages.flat()) counts.set(message, (counts.get(message) ?? 0) + 1);
  const isCommon = (message) => (counts.get(message) ?? 0) > types.length / 2;
  const rows = types.map(({ type, values }, i) => {
    const own = messages[i].filter((message) => !isCommon(message)).join("; ");
    return `| ${code(type)} | ${shown(values).map(code).join(" ")} | ${own.replaceAll("|", "\\|")} |`;
  });
  const common = [...counts.keys()].filter(isCommon);
  const everywhere = common.length > 0 ? `\nAnd nearly everywhere: ${common.join("; ")}.\n` : "";
  return `\n### Types of ${engine}\n\n| type | in the file | refused |\n|---|---|---|\n${rows.join("\n")}\n${everywhere}\n`;
}

/** At most four values, and of each JSON type one. Such as nobody could see are left out. */
function shown(values) {
  const seen = values.filter((value) => value.length <= 80 && !/[^\P{C}]|\p{Z}(?<! )/u.test(value));
  const kinds = seen.filter((value, i) => seen.findIndex((other) => kind(other) === kind(value)) === i);
  const chosen = [...new Set([...kinds, ...seen])].slice(0, Math.max(4, kinds.length));
  return seen.filter((value) => chosen.includes(value));
}

function kind(json) {
  if (json.startsWith('{"$')) return "wrapper";
  return /[{["]/.test(json[0]) ? json[0] : typeof JSON.parse(json);
}

function code(text) {
  const fence = text.includes("`") ? "``" : "`";
  return `${fence}${text.replaceAll("|", "\\|")}${fence}`;
}
