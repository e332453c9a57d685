import { createHash } from "node:crypto";

/** The fixed parts of the HTML report: what it looks like and how it filters. Nothing in it is loaded from anywhere. */

const style = `
:root { color-scheme: light dark; --line: #8884; --add: #2a7; --del: #c33; --mod: #b80; --stop: #a3c; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; }
table { border-collapse: collapse; } td, th { padding: .2rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.numbers td, .numbers th { border-bottom: 1px solid var(--line); } .numbers td + td, .numbers th + th { text-align: right; }
form { position: sticky; top: 0; background: Canvas; padding: .6rem 0; border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: .8rem; }
article { content-visibility: auto; contain-intrinsic-size: auto 4rem; border-left: 4px solid var(--mod); margin: .6rem 0; padding: 0 .8rem; }
article.create { border-color: var(--add); } article.delete { border-color: var(--del); } article.refused { border-color: var(--stop); }
article p { margin: 0; } article td:first-child { opacity: .75; } del { color: var(--del); } ins { color: var(--add); text-decoration: none; }
.warn { border-left: 4px solid var(--stop); padding-left: .8rem; } .note { opacity: .75; }
[hidden] { display: none; }
`;

const script = `
const form = document.querySelector("form");
const changes = [...document.querySelectorAll("article")];
let texts;
function filter() {
  const dataset = form.elements.dataset.value;
  const kinds = [...form.elements.kind].filter((box) => box.checked).map((box) => box.value);
  const text = form.elements.text.value.toLowerCase();
  texts ??= changes.map((change) => change.textContent.toLowerCase());
  let shown = 0;
  changes.forEach((change, i) => {
    const fits = (dataset === "" || change.dataset.of === dataset) && kinds.includes(change.className) && texts[i].includes(text);
    change.hidden = !fits;
    if (fits) shown++;
  });
  document.querySelector("output").textContent = shown + " of " + changes.length + " shown";
}
let timer;
form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(filter, 150); });
form.addEventListener("submit", (event) => event.preventDefault());
form.hidden = false;
filter();
`;

const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const policy = `default-src 'none'; style-src ${hash(style)}; script-src ${hash(script)}; base-uri 'none'; form-action 'none'`;

/** @param title already escaped */
export function pageStart(title: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
`;
}

/** @param datasets names, already escaped, by the number that articles carry in data-of */
export function filterForm(datasets: readonly string[]): string {
  const kinds = ["refused", "delete", "create", "update"];
  const boxes = kinds.map(
    (kind) => `<label><input type="checkbox" name="kind" value="${kind}" checked> ${kind}</label>`,
  );
  const options = datasets.map((name, i) => `<option value="${i}">${name}</option>`);
  return `<form hidden>
<label>Dataset <select name="dataset"><option value="">all</option>${options.join("")}</select></label>
${boxes.join("\n")}
<label>Text <input type="search" name="text"></label>
<output></output>
</form>
`;
}

export const pageEnd = `<script>${script}</script>
</body>
</html>
`;
