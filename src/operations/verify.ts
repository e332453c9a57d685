import { HeddleError, type Problem } from "../model/errors.js";
import { findCorruption, resolveRevision } from "../repository/revision.js";
import { atCommit } from "../repository/source.js";
import { checkData } from "./check-data.js";
import { type PlanOptions, plan } from "./plan.js";
import { configOf, openProject } from "./project.js";
import { roundTrip } from "./round-trip.js";

export interface VerifyOptions extends Pick<PlanOptions, "present" | "progress" | "config"> {
  directory: string;
  /** HEAD where it is not given. */
  revision?: string;
  /** Name of an environment to compare with. */
  against?: string;
  /** Applies the data to an empty database and reads it back: `true` for a scratch one, or `env:NAME` for one that has the schema. */
  roundtrip?: true | string;
}

export interface VerifyResult {
  revision: string;
  /** Manifests that were read. */
  entries: number;
  notes: string[];
  /** Whether the environment differs, where one was named. */
  differs?: boolean;
  /** Entries that came back the same, and datasets that no scratch database can have, where a round trip was asked for. */
  roundtrip?: { entries: number; unbuilt: Problem[] };
}

/**
 * Proves a revision's data: it parses, fits names and schemas, and git's objects are sound; on demand that a database
 * holds it, and that applying and weaving it gives the same files. HDL310 for damaged objects, HDL400, HDL401, HDL501.
 */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  const project = await openProject(options.directory);
  const { repository } = project;
  const revision = await resolveRevision(repository, options.revision ?? "HEAD");
  const source = atCommit(repository, revision);
  const config = await configOf(source);
  const { entries, notes, weaves } = await checkData(source, config.weaves);
  const damage = await findCorruption(repository);
  if (damage.length > 0) {
    throw new HeddleError("HDL310", "git fsck finds damaged objects", {
      problems: damage.map((message) => ({ message })),
      hint: "clone again, or restore the objects from another clone",
    });
  }
  const result: VerifyResult = { revision, entries, notes };
  if (options.against !== undefined) {
    const { outcome } = await plan({ ...options, revision, environment: options.against });
    result.differs = outcome !== "nothing";
  }
  if (options.roundtrip !== undefined) {
    result.roundtrip = await roundTrip(source, weaves, options.roundtrip);
  }
  return result;
}
