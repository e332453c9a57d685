/**
 * What the rows of a table make together, by buckets of their keys: of each bucket, the digests that the server makes of
 * its rows, combined by exclusive or, which takes a row out again as it was put in. Two that are equal are of the same
 * rows, but for a chance of 1 in 2^64; where they differ, some row of these buckets does.
 */
export type Fingerprint = BigUint64Array;

/** The fingerprint of rows as a session saw them. */
export interface SeenRows {
  rows: Fingerprint;
  /** The plan under which exactly this one lies in the database. */
  kept?: string;
}

/** How many buckets a fingerprint has: a power of two. */
export const bucketCount = 4096;

export const noRows = (): Fingerprint => new BigUint64Array(bucketCount);

/** Puts rows in, or takes them out. */
export function combine(fingerprint: Fingerprint, rows: Fingerprint): void {
  for (let i = 0; i < bucketCount; i++) fingerprint[i]! ^= rows[i]!;
}

/** What all rows make together. */
export const total = (fingerprint: Fingerprint): bigint => fingerprint.reduce((sum, rows) => sum ^ rows, 0n);

/** The buckets whose rows are not the same. */
export function differingBuckets(one: Fingerprint, other: Fingerprint): Set<number> {
  const buckets = new Set<number>();
  for (let i = 0; i < bucketCount; i++) if (one[i] !== other[i]) buckets.add(i);
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
