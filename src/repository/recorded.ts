import { listTree } from "./objects.js";
import type { Repository } from "./repository.js";
import { withEntries } from "./shard-tree.js";
import { byId, type Source } from "./source.js";

/** Directories whose tree ids are known, though perhaps no commit at hand has them together: what a record names. */
export function atTrees(repository: Repository, trees: ReadonlyMap<string, string>): Source {
  return {
    commit: undefined,
    tree: async (path) => trees.get(path),
    async *list(path, take) {
      const id = trees.get(path);
      if (id !== undefined) yield* withEntries(repository.git, path, listTree(repository.git, id, take));
    },
    ...byId(repository.git),
  };
}
