import type { Column, Table } from "../database/database.js";
import { formatPointer } from "../model/pointer.js";
import type { Selection } from "./starter.js";
import { yamlText } from "./yaml-text.js";

/** What `init --from env:NAME` read of a database. */
export interface Catalogue {
  /** The variable that holds the URL. */
  variable: string;
  /** As `ReadSession.tables()` gives them. */
  tables: readonly Table[];
}

const wide = 40;

/** What a column's name says about people and secrets, and the mask that fits. The first match counts. */
const sensitive: [RegExp, string][] = [
  [/e[-_]?mail/i, "email"],
  [/phone|mobile|(?:^|_)(?:tel|fax)(?:_|$)/i, "digits"],
  [/pass(?:word|wd|phrase|code)|pwd|secret|token|api_?key|private_?key|salt|(?:^|_)otp(?:_|$)/i, "remove"],
  [/iban|card_?(?:no|number)|credit_?card|ssn|tax_?id|passport|birth|(?:^|_)dob(?:_|$)/i, "hash"],
  [/(?:first|last|full|maiden)_?name|surname/i, "name"],
];

/** Selects every dataset that can be woven; the others stand as comments with the reason. */
export function proposedSelection({ variable, tables }: Catalogue): Selection {
  const sorted = [...tables].sort((a, b) => (a.name < b.name ? -1 : 1));
  const usable = sorted.filter((table) => refusal(table) === undefined);
  const select = sorted.flatMap(selectLines);
  if (usable.length === 0)
    select.push("# Nothing here can be woven as it is; this name is a placeholder:", "- dataset: products");
  const masks = usable.flatMap(maskLines);
  const transform =
    masks.length > 0
      ? [
          "# What looks personal or secret: set maskKey above, and uncomment transform and the rules you want.",
          ...masks,
        ]
      : [];
  return { url: `\${${variable}}`, select, transform };
}

function selectLines(table: Table): string[] {
  const { name, columns = [], uniques, refused } = table;
  const reason = refusal(table);
  if (reason === undefined) {
    const hints = [
      ...(columns.length > wide ? [`${columns.length} columns: pick or omit some`] : []),
      ...(masked(table).length > 0 ? ["looks personal or secret: omit fields, or mask them below"] : []),
    ];
    return [`- dataset: ${yamlText(name)}${hints.length > 0 ? `  # ${hints.join("; ")}` : ""}`];
  }
  const key = !refused && uniques.length > 0 ? [`#   key: [${uniques[0]!.map(yamlText).join(", ")}]`] : [];
  return [`# - dataset: ${yamlText(name)}  # ${reason}`, ...key];
}

function refusal({ refused, key, uniques }: Table): string | undefined {
  if (refused) return `cannot be woven: ${refused}`;
  if (key) return undefined;
  return uniques.length > 0
    ? "no primary key; a unique, not-null key may take its place:"
    : "no primary key, and no unique, not-null one";
}

function maskLines(table: Table): string[] {
  const masks = masked(table).map(({ name, kind }) => `${yamlText(formatPointer([name]))}: ${kind}`);
  if (masks.length === 0) return [];
  return [`# - for: ${yamlText(table.name)}`, `#   steps: [{ mask: { ${masks.join(", ")} } }]`];
}

function masked({ columns = [], key = [] }: Table): { name: string; kind: string }[] {
  return columns.flatMap((column) => {
    const kind = maskFor(column);
    return kind !== undefined && !key.includes(column.name) ? [{ name: column.name, kind }] : [];
  });
}

/** Only for text. A column that must not be null is hashed where it would be removed. */
function maskFor({ name, type, definition = "", notNull, generated }: Column): string | undefined {
  const isText = /char|text/i.test(type) || /^CREATE DOMAIN .* AS (?:\S*\.)?(?:char|text|citext)/is.test(definition);
  if (generated || !isText) return undefined;
  const kind = sensitive.find(([pattern]) => pattern.test(name))?.[1];
  return kind === "remove" && notNull ? "hash" : kind;
}
