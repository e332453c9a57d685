import { type Document, isAlias, isMap, isScalar, isSeq, type ParsedNode } from "yaml";
import type { Place } from "../model/errors.js";
import { parsePointer } from "../model/pointer.js";
import type { YamlDocument } from "./yaml.js";

/** Finds the place of what a JSON Pointer names: as deep as the document goes. */
export function locator(document: Document.Parsed, place: (offset: number) => Place): YamlDocument["at"] {
  return (pointer, what = "value") => {
    const names = pointer === "" ? [] : parsePointer(pointer);
    let node: ParsedNode | null = document.contents;
    let offset = node ? node.range[0] : document.range[0];
    for (const [depth, name] of names.entries()) {
      const around: unknown = isAlias(node) ? node.resolve(document) : node;
      if (isMap<ParsedNode, ParsedNode | null>(around)) {
        const pair = around.items.find(({ key }) => isScalar(key) && String(key.value) === name);
        if (!pair) break;
        node = pair.value;
        const keyWanted = what === "key" && depth === names.length - 1;
        const written = node && node.range[0] < node.range[1];
        offset = keyWanted || !written ? pair.key.range[0] : node!.range[0];
      } else {
        node = (isSeq<ParsedNode>(around) && around.items[Number(name)]) || null;
        if (!node) break;
        offset = node.range[0];
      }
    }
    return { ...place(offset), path: pointer };
  };
}
