/** The names that a JSON Pointer (RFC 6901) leads along: first a field's, then the way inside it. */
export type Path = readonly [string, ...string[]];

/** One token of a pointer for a name. */
export function pointerToken(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

export function formatPointer(path: readonly string[]): string {
  return path.map((name) => `/${pointerToken(name)}`).join("");
}

/** Of a pointer that leads somewhere: not of `""`. */
export function parsePointer(pointer: string): Path {
  const [, ...tokens] = pointer.split("/").map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  return tokens as unknown as Path;
}

/** The field that a pointer into an entry begins with; `""` for the entry itself. */
export function pointerField(pointer: string): string {
  return pointer === "" ? "" : parsePointer(pointer)[0];
}
