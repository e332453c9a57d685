import type { Digest } from "../model/entry.js";
import { nameIn } from "../repository/layout.js";
import { knownManifests } from "../repository/manifests.js";
import type { Source } from "../repository/source.js";

interface JudgedFile {
  /** File name without fan-out. */
  name: string;
  digest: Digest;
  /** Canonical. */
  text: string;
}

type Files = readonly (readonly [name: string, digest: Digest])[];

/**
 * Files of a commit's dataset that were read, are plain and fit: the same bytes need no second look.
 * @param pathOf the path in the dataset's directory, by name
 */
export function judgedFiles(source: Source, directory: string, pathOf: (name: string) => string) {
  const texts = new Map<string, string | undefined>();
  let room = keptText;
  return {
    add(name: string, text: string): void {
      // What lies in the work tree may be another file the next time.
      if (source.commit === undefined || texts.has(name)) return;
      const fits = text.length <= room;
      if (fits) room -= text.length;
      texts.set(name, fits ? text : undefined);
    },

    hasAll: (files: Files): boolean => files.every(([name]) => texts.has(name)),

    /** Reads files that were added; in batches, in their order. */
    async *read(files: Files): AsyncGenerator<JudgedFile[]> {
      if (files.every(([name]) => texts.get(name) !== undefined)) {
        yield files.map(([name, digest]) => {
          const text = texts.get(name)!;
          // Whoever reads a second time seldom reads a third time.
          texts.set(name, undefined);
          room += text.length;
          return { name, digest, text };
        });
        return;
      }
      const paths = new Map(files.map(([name, digest]) => [pathOf(name), digest]));
      for await (const batch of knownManifests(source, { directory, files: paths }))
        yield batch.map(({ path, digest, text }) => ({ name: nameIn(path), digest, text }));
    },
  };
}

/** Characters that are kept for a second reading: of a plan that creates entries, what writing it reads. */
const keptText = 48 * 1024 * 1024;
