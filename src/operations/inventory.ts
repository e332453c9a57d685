import type { Codec } from "../model/codec.js";
import { HeddleError, type Problem } from "../model/errors.js";
import type { Side } from "../plan/side.js";
import { unionOf } from "../plan/union.js";
import type { Source } from "../repository/source.js";
import { readWeave, type WeaveFiles, weaveDirectory } from "../repository/weave.js";
import { compilePipeline, type Pipeline } from "../transform/pipeline.js";
import type { TransformRule } from "../transform/rules.js";
import type { ShapeCache } from "./shaped-digests.js";
import { sideOf, unfitFiles } from "./side.js";

/** The datasets that a set of weaves has in one place: what a revision wants, or what was applied. */
export interface Inventory {
  weaves: Map<string, WeaveFiles>;
  /** By canonical dataset name. */
  sides: Map<string, Listed>;
}

interface Listed {
  weave: string;
  side: Side;
  /** Applied under another name than the dataset has now, or told apart otherwise: nothing of it is compared. */
  elsewhere?: boolean;
}

export interface InventoryInput {
  source: Source;
  weaves: readonly string[];
  codec: Codec;
  overlay: readonly TransformRule[];
  /** By weave: judges what a plan would write. */
  validate?: ReadonlyMap<string, Pipeline>;
  /** Weaves that were listed already: one that has the same tree here is not listed again. */
  listed?: ReadonlyMap<string, WeaveFiles>;
  shapes?: ShapeCache;
}

/**
 * Lists weaves and their datasets. HDL400 with every strange or unfit file, since none of them may look like a delete;
 * HDL203 for datasets of another engine.
 */
export async function readInventory(input: InventoryInput): Promise<Inventory> {
  const { source, codec } = input;
  const overlay = await compilePipeline({ rules: input.overlay, codec, origin: "overlay" });
  const weaves = new Map<string, WeaveFiles>();
  for (const name of input.weaves) {
    const same = input.listed?.get(name);
    const isSame = same?.tree !== undefined && same.tree === (await source.tree(weaveDirectory(name)));
    weaves.set(name, isSame ? same : await readWeave(source, name));
  }
  const problems = [...weaves.values()].flatMap((weave) => weave.problems);
  if (problems.length > 0) throw unfitFiles(problems);

  const parts = new Map<string, Listed[]>();
  for (const [weave, { datasets }] of weaves) {
    for (const [name, data] of datasets) {
      if (data.dataset.engine !== codec.engine) {
        throw new HeddleError("HDL203", `${name} was woven from ${data.dataset.engine}, not ${codec.engine}`, {
          hint: "entries are applied to the engine they came from",
        });
      }
      const validate = input.validate?.get(weave);
      const more = { ...(validate && { validate }), ...(input.shapes && { shapes: input.shapes }) };
      const side = sideOf({ source, weave, data, codec, overlay, ...more });
      parts.set(name, [...(parts.get(name) ?? []), { weave, side }]);
    }
  }
  const sides: Inventory["sides"] = new Map();
  for (const [name, list] of parts) {
    sides.set(name, { weave: list[0]!.weave, side: unionOf(list.map(({ side }) => side))! });
  }
  return { weaves, sides };
}

/**
 * What to throw where comparing met an unfit file: it stops at the first batch that has one, so all files of the revision
 * are read here, that every problem is told at once.
 */
export async function withAllUnfit(error: unknown, { sides }: Inventory): Promise<unknown> {
  if (!isUnfit(error)) return error;
  const problems: Problem[] = [];
  for (const { side } of sides.values()) {
    try {
      for await (const _ of side.read([...side.files]));
    } catch (found) {
      if (isUnfit(found)) problems.push(...found.problems);
    }
  }
  return problems.length > 0 ? unfitFiles(problems) : error;
}

function isUnfit(error: unknown): error is HeddleError {
  return error instanceof HeddleError && error.code === "HDL400";
}
