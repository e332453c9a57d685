import type { Problem } from "../model/errors.js";
import { formatPointer } from "../model/pointer.js";
import type { EnvironmentConfig } from "./config.js";
import { pointersFor } from "./rules.js";
import { isGlob } from "./select.js";
import { quote } from "./suggest.js";

/** What is wrong with `map`, `identify` and `references`, beside datasets that nothing selects. */
export function checkNaming({ naming, local, ignore, at }: EnvironmentConfig): Problem[] {
  const { map, identify, references } = naming;
  const place = (...path: string[]) => at(formatPointer(["spec", ...path]), "key");
  const named = [
    ...Object.keys(map).map((dataset) => ["map", dataset]),
    ...Object.keys(identify).map((dataset) => ["identify", dataset]),
    ...Object.keys(references).map((dataset) => ["references", dataset]),
  ];
  const tables = Object.entries(map);
  return [
    ...named
      .filter(([, dataset]) => isGlob(dataset!) || dataset!.startsWith("public."))
      .map((path) => ({ ...place(...path), message: "the name of one dataset belongs here, without public." })),
    ...tables
      .filter(([, table], i) => tables.findIndex(([, other]) => other === table) < i)
      .map(([dataset, table]) => ({
        ...place("map", dataset),
        message: `another dataset lies in ${quote(table)} already`,
      })),
    ...Object.entries(identify).flatMap(([dataset, fields]) => {
      const untouched = [...pointersFor(local, dataset), ...pointersFor(ignore, dataset)];
      return fields
        .filter((field) => untouched.includes(formatPointer([field])))
        .map((field) => ({
          ...place("identify", dataset),
          message: `${quote(field)} identifies entries, so it cannot be ignored or local`,
        }));
    }),
    ...Object.entries(references).flatMap(([dataset, pointers]) =>
      Object.entries(pointers)
        .filter(([, parent]) => identify[parent] === undefined)
        .map(([pointer, parent]) => ({
          ...at(formatPointer(["spec", "references", dataset, pointer])),
          message: `${quote(parent)} is not identified, so its ids are the same everywhere`,
          hint: "name it under identify, or remove the line",
        })),
    ),
  ];
}
