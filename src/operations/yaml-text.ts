/** A text as YAML on one line: plain where that cannot mean anything else, in double quotes otherwise. */
export function yamlText(text: string): string {
  if (/^[A-Za-z_][\w.-]*$/.test(text) && !/^(?:null|true|false|yes|no|on|off|y|n)$/i.test(text)) return text;
  return JSON.stringify(text).replace(
    /[\x7f-\x9f\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
