/**
 * What the rows of a table make together, by buckets of their keys: a row's bucket is the first three hex digits of the
 * SHA-256 of its key, by which git's directories are named as well. Of each bucket the digests that the server makes of
 * its rows, combined by exclusive or, which takes a row out again as it was put in. Two that are equal are of the same
 * rows, but for a chance of 1 in 2^64; where they differ, some row of these buckets does.
 */
export type Fingerprint = BigUint64Array;

/** The fingerprint of rows as a session saw them, without those that are to be updated or deleted. */
export interface SeenRows {
  rows: Fingerprint;
  /** Buckets with entries of which it tells nothing, by their digits. */
  untold: readonly string[];
  /** The plan under which exactly this one lies in the database. */
  kept?: string;
}

export const bucketDigits = 3;
const bucketCount = 16 ** bucketDigits;

export const noRows = (): Fingerprint => new BigUint64Array(bucketCount);

/** Puts rows in, or takes them out. */
export function combine(fingerprint: Fingerprint, rows: Fingerprint): void {
  for (let i = 0; i < bucketCount; i++) fingerprint[i]! ^= rows[i]!;
}

/** What all rows make together. */
export const total = (fingerprint: Fingerprint): bigint => fingerprint.reduce((sum, rows) => sum ^ rows, 0n);

/** The buckets whose rows are not the same, by their digits. */
export function differingBuckets(one: Fingerprint, other: Fingerprint): string[] {
  const buckets: string[] = [];
  for (let i = 0; i < bucketCount; i++)
    if (one[i] !== other[i]) buckets.push(i.toString(16).padStart(bucketDigits, "0"));
  return buckets;
}

export function fingerprintText({ buffer, byteOffset, byteLength }: Fingerprint): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

/** Undefined for what is no fingerprint's text. */
export function readFingerprint(text: string): Fingerprint | undefined {
  const bytes = Uint8Array.from(Buffer.from(text, "base64"));
  return bytes.length === 8 * bucketCount ? new BigUint64Array(bytes.buffer) : undefined;
}
