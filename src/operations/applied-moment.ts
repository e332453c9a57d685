import { HeddleError } from "../model/errors.js";
import type { Fields } from "../model/json.js";
import type { AppliedRecord } from "../model/record.js";
import type { ObjectReader } from "../repository/object-reader.js";
import { hasObject } from "../repository/revision.js";
import { compilePipeline } from "../transform/pipeline.js";
import type { TransformRule } from "../transform/rules.js";
import { type EntryAddress, nameOf } from "./entry-address.js";
import { isoTime, type Moment } from "./moment.js";
import type { Project } from "./project.js";
import { withDestination } from "./target.js";

/** All of them: engines take a 32-bit integer. */
const mostRecords = 2 ** 31 - 1;

export interface AppliedOptions {
  environment: string;
  /** Milliseconds since 1970. */
  time: number;
  config?: string;
}

/** What an environment had at a time: the trees of the newest record that its database has of then. HDL312 where it has none. */
export async function appliedMoment(
  { root, repository }: Project,
  objects: ObjectReader,
  { environment, time, config }: AppliedOptions,
): Promise<Moment> {
  const options = { directory: root, environment, ...(config && { config }) };
  const record = await withDestination(options, ({ database, environment: { name, formerly } }) =>
    database.read(async (session) => {
      const identity = await session.identity();
      const records = await session.history(mostRecords, [name, ...formerly]);
      return records.find((record) => record.identity === identity && Date.parse(record.at) <= time);
    }),
  );
  if (!record) {
    throw new HeddleError("HDL312", `nothing was applied to ${environment} at ${isoTime(time)} or before`, {
      hint: `\`heddle history ${environment}\` lists what was`,
    });
  }
  const trees = Object.entries(record.trees);
  const found = await Promise.all(trees.map(([, tree]) => hasObject(repository, tree)));
  if (!found.every(Boolean)) {
    throw new HeddleError(
      "HDL311",
      `this clone does not have ${record.revision}, which was applied to ${environment}`,
      {
        hint: `git fetch origin ${record.revision}`,
      },
    );
  }
  const name = `${record.revision.slice(0, 10)} as applied to ${environment}`;
  return {
    data: { objects, name, weaves: new Map(trees) },
    commit: record.revision,
    since: record.at,
    notes: [],
    shape: (entry, fields) => shapedBy(record, entry, fields),
  };
}

/** What was written of an entry: after the overlay of then, with what the server stored otherwise. */
async function shapedBy(record: AppliedRecord, entry: EntryAddress, fields: Fields): Promise<Fields | undefined> {
  const { dataset, codec } = entry;
  const rules = record.overlay.rules as unknown as TransformRule[];
  const shaped = await (await compilePipeline({ rules, codec, origin: "overlay" })).shape(dataset, fields);
  const stored = shaped && new Map(shaped);
  for (const exception of record.exceptions) {
    if (exception.dataset !== dataset.name || exception.name !== `${nameOf(entry.path)}.json`) continue;
    if (exception.kind === "kept") {
      throw new HeddleError(
        "HDL402",
        `${dataset.name}/${nameOf(entry.path)} was not applied: what it was is not known`,
        {
          hint: "git and the database had both changed it, and the rules said to leave it",
        },
      );
    }
    for (const { field, stored: value } of exception.fields) {
      if (value === undefined) stored?.delete(field);
      else stored?.set(field, value);
    }
  }
  return stored;
}
