import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Repository } from "./repository.js";

/** Git then waits for the disk with everything that it writes; of itself it does so with packs only. Directories are left to us. */
export const durableOptions = ["-c", "core.fsync=all", "-c", "core.fsyncMethod=fsync"];

/** After this a pack that git has just stored survives a power failure. */
export async function syncPacks(repository: Repository): Promise<void> {
  await syncDirectory(join(repository.commonDirectory, "objects/pack"));
}

/** After this a ref that git has just moved survives a power failure, with the directories that were made for it. */
export async function syncRef(repository: Repository, ref: string): Promise<void> {
  const root = ref === "HEAD" ? repository.gitDirectory : repository.commonDirectory;
  for (let directory = dirname(ref); ; directory = dirname(directory)) {
    await syncDirectory(join(root, directory));
    if (directory === ".") return;
  }
}

async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory to flush it, and orders these writes itself.
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
