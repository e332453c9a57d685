import type { YAMLError } from "yaml";

/** What is wrong, in our own words: the library's may quote the text around a mistake, and that may be a secret. */
export function explainYaml({ code }: YAMLError): [message: string, hint: string] {
  return words[code] ?? ["this is not valid YAML", "check quotes, brackets and indentation here and above"];
}

const notAPair: [string, string] = [
  "this cannot be read as `key: value`",
  "quote text that holds `: `, and check the indentation",
];

const words: Partial<Record<YAMLError["code"], [string, string]>> = {
  ALIAS_PROPS: ["an alias with an anchor or a tag", "write `*name` alone"],
  BAD_ALIAS: ["an alias (`*name`) without an anchor (`&name`) before it", "quote the text if no alias is meant"],
  BAD_DQ_ESCAPE: ["an unknown escape in double quotes", "write `\\\\` for a backslash, or use single quotes"],
  BAD_INDENT: ["wrong indentation, or a bracket that is not closed", "check what begins above"],
  BAD_SCALAR_START: ["text that begins with a reserved character", "quote it"],
  BLOCK_AS_IMPLICIT_KEY: notAPair,
  KEY_OVER_1024_CHARS: notAPair,
  MISSING_CHAR: ["a quote, a bracket, a comma or a space is missing", "check what begins here or above"],
  MULTILINE_IMPLICIT_KEY: notAPair,
  NON_STRING_KEY: ["a key that is not plain text", "only text can be a key"],
  TAB_AS_INDENT: ["a tab used for indentation", "indent with spaces"],
  TAG_RESOLVE_FAILED: ["an unknown tag, or a value that does not fit its tag", "remove the tag (`!…`)"],
};
