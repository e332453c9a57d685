import { gitEnvironment } from "../config/environment.js";
import type { Texts } from "../plan/merge-text.js";
import { openRepository } from "../repository/repository.js";
import { withMergedView } from "./merge-commits.js";

/** The texts of a `_weave.json` for git's merge driver, which runs at the work tree's root; as they are where views cannot be merged. */
export async function mergeWeaveTexts(path: string, texts: Texts): Promise<Texts> {
  try {
    return await withMergedView(await openRepository(process.cwd(), { environment: gitEnvironment() }), path, texts);
  } catch {
    // The conflict then stays git's.
    return texts;
  }
}
