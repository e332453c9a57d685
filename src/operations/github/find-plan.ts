import { type GithubSettings, githubSettings } from "../../config/github.js";
import { binding } from "../binding.js";
import type { TargetOptions } from "../target.js";
import { openGithub } from "./api.js";

interface Artifact {
  name: string;
  expired: boolean;
  created_at: string | null;
  workflow_run?: { id?: number; repository_id?: number; head_repository_id?: number } | null;
}

/** Name of the artifact that holds a saved plan. */
function planArtifact(environment: string, binding: string): string {
  return `heddle-plan-${environment}-${binding}`;
}

/**
 * Looks among the repository's artifacts for the plan that was saved for what a revision says, also before it was
 * merged, squashed or rebased. Those of forks do not count. Errors: HDL103, HDL700.
 * @returns the artifact's name, and the newest workflow run that has it
 */
export async function findPlan(
  options: TargetOptions & { settings?: GithubSettings },
): Promise<{ artifact: string; run?: number }> {
  const { settings = await githubSettings(), environment } = options;
  const artifact = planArtifact(environment, await binding(options));
  const query = new URLSearchParams({ name: artifact, per_page: "100" });
  const path = `/actions/artifacts?${query}`;
  const { artifacts } = await openGithub(settings).call<{ artifacts: Artifact[] }>("GET", path);
  const own = artifacts.filter(
    ({ name, expired, workflow_run: run }) =>
      name === artifact && !expired && run?.id !== undefined && run.head_repository_id === run.repository_id,
  );
  own.sort((a, b) => ((a.created_at ?? "") < (b.created_at ?? "") ? 1 : -1));
  const run = own[0]?.workflow_run?.id;
  return { artifact, ...(run !== undefined && { run }) };
}
