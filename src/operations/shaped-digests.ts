import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import type { Dataset } from "../model/dataset.js";
import { DigestTable } from "../model/digest-table.js";
import type { Digest } from "../model/entry.js";
import { type Cache, cacheOf } from "../repository/cache.js";
import type { Repository } from "../repository/repository.js";
import type { Pipeline } from "../transform/pipeline.js";

/** Raised when a step, a codec or canonical form makes other entries than before of the same manifests and rules. */
const version = 1;

/** What each manifest of a dataset becomes: the digest of its shaped entry, or null where the overlay drops it. */
export type ShapedDigests = Pick<DigestTable, "get" | "set">;

/** All that decides what becomes of a manifest, beside the manifest. */
interface Shape {
  /** As `_dataset.json` has it. */
  dataset: Dataset;
  overlay: Pipeline;
  /** Only what fits its schemas is known. */
  validate?: Pipeline;
}

/**
 * Digests of shaped entries, which lie beside the repository so that a comparison of everything need not shape everything.
 * For comparisons of everything alone: a table is read and written as a whole.
 */
export interface ShapeCache {
  /** @param files of the dataset: no table grows far beyond them */
  of(shape: Shape, files: ReadonlyMap<string, Digest>): ShapedDigests | undefined;
  /** Keeps what was learnt. */
  save(): void;
}

/** @param partial datasets of which not everything is compared: of these nothing is known */
export function openShapeCache(repository: Repository, partial: ReadonlySet<string>): ShapeCache {
  const cache = cacheOf(repository, "shaped");
  const tables = new Map<string, ReturnType<typeof openTable>>();
  return {
    of(shape, files) {
      if (partial.has(shape.dataset.name)) return undefined;
      const name = nameOf(shape);
      const table = tables.get(name) ?? openTable(cache, name);
      tables.set(name, table);
      table.listings.push(files);
      return table;
    },
    save() {
      for (const table of tables.values()) table.save();
    },
  };
}

function openTable(cache: Cache, name: string) {
  let loaded: DigestTable | undefined;
  const table = () => {
    loaded ??= new DigestTable(cache.read(name));
    return loaded;
  };
  const listings: ReadonlyMap<string, Digest>[] = [];
  let isNew = false;
  return {
    listings,
    get: (manifest: Digest) => table().get(manifest),
    set(manifest: Digest, shaped: Digest | null) {
      isNew = true;
      return table().set(manifest, shaped);
    },
    save() {
      if (!isNew) return;
      isNew = false;
      cache.write(name, within(table(), listings).content);
    },
  };
}

/** A table without what is not listed, where that is most of it. */
function within(table: DigestTable, listings: readonly ReadonlyMap<string, Digest>[]): DigestTable {
  const listed = listings.reduce((sum, { size }) => sum + size, 0);
  if (table.size <= 2 * listed) return table;
  const rest = new DigestTable();
  for (const files of listings) {
    for (const manifest of files.values()) {
      const shaped = table.get(manifest);
      if (shaped !== undefined) rest.set(manifest, shaped);
    }
  }
  return rest;
}

function nameOf({ dataset, overlay, validate }: Shape): string {
  const shape = [version, programs(), dataset, overlay.digest, validate?.digest ?? null];
  return createHash("sha256").update(JSON.stringify(shape)).digest("hex");
}

/** Versions of what runs rules: another one may make something else of an entry. */
function programs(): string[] {
  const require = createRequire(import.meta.url);
  const packages = ["../../package.json", ...["ajv", "jsonata", "rfc6902"].map((name) => `${name}/package.json`)];
  return [process.version, ...packages.map((path) => (require(path) as { version: string }).version)];
}
