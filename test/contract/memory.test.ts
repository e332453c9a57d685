import type { Table } from "../../src/database/database.js";
import { Memory, openMemory } from "../support/memory.js";
import { databaseContract } from "./contract.js";

for (const kind of ["rows", "documents"] as const) {
  databaseContract(`memory (${kind})`, async () => {
    const key = kind === "rows" ? "id" : "_id";
    const table = (name: string, columns: string[], uniques: string[][] = []): Table => ({
      name,
      ...(kind === "rows" && {
        columns: columns.map((name) => ({ name, type: "text", notNull: name === key, generated: false })),
      }),
      key: [key],
      uniques,
      references: [],
    });
    const options = {
      kind,
      tables: [
        table("items", [key, "n", "name", "note", "doc"], [["name"]]),
        table("texts", [key, "value"]),
        table('"a.b ""c"', [key, "__proto__", "constructor", 'x"y']),
      ],
    };
    const memory = new Memory();
    return {
      database: openMemory(options, memory),
      second: async () => openMemory(options, memory),
      other: async () => openMemory(options),
      key,
      items: "items",
      texts: "texts",
      hostile: '"a.b ""c"',
      atLeast: (n) => `n >= ${n}`,
      badPredicates: ["n >", ""],
      close: async () => {},
    };
  });
}
