import type { DigestMap } from "../model/digest-map.js";
import type { DigestSet } from "../model/digest-set.js";
import type { TakeRecord } from "./objects.js";

/**
 * Takes what nearly all of a weave's listing is, as the bytes that git gives: files in an entry's place, and directories
 * below a dataset's. Everything else, and whatever is strange, is left to be looked at.
 * @param objects gets the ids of the directories
 */
export function recordTaker(filesOf: (directory: string) => DigestMap, objects?: DigestSet): TakeRecord {
  let prefix = Buffer.from("/");
  let files: DigestMap;
  return (bytes, start, path, end) => {
    if (path !== start + fileStart.length + digits + 1) return false;
    if (startsWith(bytes, start, directoryStart)) {
      if (!bytes.subarray(path, end).includes(slash)) return false;
      objects?.addAt(bytes, start + directoryStart.length);
      return true;
    }
    if (!startsWith(bytes, start, fileStart)) return false;
    if (!startsWith(bytes, path, prefix)) {
      const length = bytes.subarray(path, end).indexOf(slash);
      if (length <= 0) return false;
      prefix = Buffer.from(bytes.subarray(path, path + length + 1));
      files = filesOf(prefix.toString("utf8", 0, length));
    }
    const place = path + prefix.length;
    return isEntryPlace(bytes, place, end) && files.setBytes(bytes, place, end, start + fileStart.length);
  };
}

const fileStart = Buffer.from("100644 blob ");
const directoryStart = Buffer.from("040000 tree ");
const extension = Buffer.from(".json");
/** Of a SHA-1 in hex. */
const digits = 40;
const [slash, dot, underscore] = [0x2f, 0x2e, 0x5f];

/** As `isEntryPath` judges, but for shards and for names that are not ASCII. */
function isEntryPlace(bytes: Buffer, start: number, end: number): boolean {
  let name = start;
  while (
    name < start + "ab/cd/".length &&
    isDigit(bytes[name]!) &&
    isDigit(bytes[name + 1]!) &&
    bytes[name + 2] === slash
  )
    name += "ab/".length;
  if (end - name <= extension.length || bytes[name] === dot || bytes[name] === underscore) return false;
  for (let i = name; i < end; i++) if (bytes[i] === slash || bytes[i]! > 0x7f) return false;
  return startsWith(bytes, end - extension.length, extension);
}

const isDigit = (byte: number) => (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66);

function startsWith(bytes: Buffer, start: number, expected: Buffer): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[start + i] !== expected[i]) return false;
  return true;
}
