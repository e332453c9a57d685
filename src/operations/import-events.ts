import { hash } from "node:crypto";
import { databaseArgument } from "../config/argument.js";
import type { EventPosition, EventRow } from "../database/event-store.js";
import { openEventStore } from "../database/open.js";
import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import type { Json } from "../model/json.js";
import { head } from "../repository/branch.js";
import { openObjects } from "../repository/object-reader.js";
import type { Repository } from "../repository/repository.js";
import { hasObject } from "../repository/revision.js";
import { isOnFirstParents } from "../repository/timeline.js";
import type { EntryEvent } from "./entry-event.js";
import { eventBatches } from "./events.js";
import { tipOf } from "./moment.js";
import { openProject } from "./project.js";

export interface ImportEventsOptions {
  /** Where to look for the project from. */
  directory: string;
  /** `env:NAME`, a variable with the URL of a PostgreSQL database. */
  into: string;
  /** `heddle_events` where it is not given; a schema may stand in front. */
  table?: string;
  /** HEAD where it is not given. */
  branch?: string;
  /** Deletes what the table holds and begins again. */
  restart?: boolean;
  progress?: (text: string) => void;
}

export interface ImportEventsResult {
  table: string;
  /** Events that were added. */
  added: number;
  /** Events that the table has. */
  events: number;
  /** The commit that it has come to. */
  revision: Digest;
}

/** Events of one transaction, unless one commit has more. */
const transactionSize = 1000;

/**
 * Brings a table of events up to a branch: what was imported before is not touched, and each transaction moves the
 * position with its rows, so that an import that broke off is just begun again. HDL621 where the table's position is no
 * state of the branch: it was rewritten, or is another one.
 */
export async function importEvents(options: ImportEventsOptions): Promise<ImportEventsResult> {
  const { table = "heddle_events", restart = false, progress } = options;
  const project = await openProject(options.directory);
  const { repository } = project;
  const argument = databaseArgument(options.into);
  if (argument.kind !== "url") throw new HeddleError("HDL100", "--into takes env:NAME, a variable with a URL");
  const branch = options.branch ?? (await head(repository)).branch ?? "HEAD";
  await using objects = openObjects(repository);
  const tip = await tipOf(project, objects, options.branch);
  await using store = await openEventStore(argument.url.reveal(), { table, label: options.into });
  let position = await store.position();
  if (position && !restart) await refuseRewritten(repository, table, position, branch, tip);
  const before = restart ? 0 : (position?.sequence ?? 0);
  const since = restart ? undefined : position?.revision;

  const batches = eventBatches(project, { since, until: tip });
  try {
    let next = await batches.next();
    for (let clear = restart; clear || position?.revision !== tip; clear = false) {
      let now: EventPosition = { branch, revision: tip, sequence: clear ? 0 : (position?.sequence ?? 0) };
      const work = async (insert: (rows: readonly EventRow[]) => Promise<void>) => {
        // A transaction ends with a commit's last event, so that the position is always a commit.
        for (
          let size = 0, whole = false;
          !next.done && !(whole && size >= transactionSize);
          next = await batches.next()
        ) {
          const { commit, events, last } = next.value;
          await insert(events.map((event, i) => rowOf(event, now.sequence + i + 1)));
          now = { branch, revision: commit, sequence: now.sequence + events.length };
          [size, whole] = [size + events.length, last];
          progress?.(`${now.sequence} events`);
        }
        return next.done ? { ...now, revision: tip } : now;
      };
      position = await store.append(position, work, { clear });
    }
  } finally {
    await batches.return(undefined);
  }
  return { table, added: position!.sequence - before, events: position!.sequence, revision: tip };
}

async function refuseRewritten(
  repository: Repository,
  table: string,
  position: EventPosition,
  branch: string,
  tip: Digest,
): Promise<void> {
  const hint = "--restart empties the table and imports everything again; --table names another";
  const short = position.revision.slice(0, 10);
  if (position.branch !== branch) {
    throw new HeddleError("HDL621", `${table} has the events of ${position.branch}, not of ${branch}`, { hint });
  }
  const { revision } = position;
  if ((await hasObject(repository, revision)) && (await isOnFirstParents(repository, revision, tip))) return;
  throw new HeddleError("HDL621", `${table} has come to ${short}, which is no state of ${branch}: it was rewritten`, {
    hint,
  });
}

function rowOf({ id, type, time, data }: EntryEvent, sequence: number): EventRow {
  const event = type.slice(type.lastIndexOf(".") + 1);
  return {
    type: data.dataset,
    id: keyText(data),
    uuid: uuidOf(id),
    data: JSON.stringify(data),
    event,
    timestamp: time,
    sequence,
  };
}

/** A string as it is, anything else as JSON; PostgreSQL's text cannot hold U+0000. */
function keyText({ key }: EntryEvent["data"]): string {
  const [only, ...more] = key ?? [];
  const text = more.length === 0 && typeof only === "string" && !only.includes("\0");
  return text ? only : JSON.stringify((more.length > 0 ? key : only) ?? (null satisfies Json));
}

/** The namespace of URLs in RFC 9562, appendix C.2; an event's id stands in for one. */
const namespace = Buffer.from("6ba7b8119dad11d180b400c04fd430c8", "hex");

/** Version 5 (RFC 9562, 5.5): the same event always has the same. */
function uuidOf(id: string): string {
  const bytes = hash("sha1", Buffer.concat([namespace, Buffer.from(`heddle:${id}`)]), "buffer").subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
