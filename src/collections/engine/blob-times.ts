import type { CollectionFault } from './fault.js';
import type { Marking } from './mark.js';
import type { Scanner } from './scanner.js';

/** How large blobs are and when they last changed, in the order asked. */
export interface BlobTimes {
  /** NaN where there is no blob. */
  readonly sizesBytes: Float64Array;
  /** The latest change of the blob and of its layer links; NaN where there is none of them. */
  readonly modifiedMs: Float64Array;
  readonly faults: readonly CollectionFault[];
}

/** How many files are looked at before what was found is taken in: their digests and times take 50 bytes each. */
const FILES_AT_ONCE = 8192;

/** Which of the blobs asked for are looked at, by their place: themselves, or a repository's layer links to them. */
interface Part {
  readonly repository: number | null;
  readonly ats: readonly number[];
}

/** Looks at blobs and at the layer links to them: uploading a blob that exists renews only its link (v2:blobwriter.go). */
export const blobTimes = async (
  scanner: Scanner,
  { graph, names }: Pick<Marking, 'graph' | 'names'>,
  indexes: ArrayLike<number>,
  linkedIn: (i: number) => readonly number[],
): Promise<BlobTimes> => {
  const sizesBytes = new Float64Array(indexes.length);
  const modifiedMs = new Float64Array(indexes.length);
  const faults: CollectionFault[] = [];
  for (const parts of portionsOf([...blobParts(indexes.length), ...linkParts(indexes.length, linkedIn)])) {
    const requests = parts.map(({ repository, ats }) => ({
      repository: repository === null ? null : (names[repository] ?? ''),
      digests: graph.table.pack(ats.map((i) => indexes[i] ?? 0)),
    }));
    for (const [n, times] of (await scanner.times(requests)).entries()) {
      const { repository, ats } = parts[n] ?? { repository: null, ats: [] };
      faults.push(...times.faults);
      for (const [k, i] of ats.entries()) {
        const at = times.found.modifiedMs[k] ?? NaN;
        if (repository === null) {
          sizesBytes[i] = times.found.sizesBytes[k] ?? NaN;
          modifiedMs[i] = at;
        } else if (at > (modifiedMs[i] ?? 0) || Number.isNaN(modifiedMs[i])) modifiedMs[i] = at;
      }
    }
  }
  return { sizesBytes, modifiedMs, faults };
};

function* blobParts(count: number): Generator<Part> {
  for (let from = 0; from < count; from += FILES_AT_ONCE) {
    const length = Math.min(FILES_AT_ONCE, count - from);
    yield { repository: null, ats: Array.from({ length }, (_, i) => from + i) };
  }
}

const linkParts = (count: number, linkedIn: (i: number) => readonly number[]): readonly Part[] => {
  const linked = new Map<number, number[]>();
  for (let i = 0; i < count; i++) {
    for (const repository of linkedIn(i)) {
      const list = linked.get(repository);
      if (list === undefined) linked.set(repository, [i]);
      else list.push(i);
    }
  }
  return [...linked].map(([repository, ats]) => ({ repository, ats }));
};

/** The parts, in their order, as many at a time as are about the files for once. */
function* portionsOf(parts: readonly Part[]): Generator<readonly Part[]> {
  let portion: Part[] = [];
  let files = 0;
  for (const part of parts) {
    portion.push(part);
    files += part.ats.length;
    if (files < FILES_AT_ONCE) continue;
    yield portion;
    portion = [];
    files = 0;
  }
  if (portion.length > 0) yield portion;
}
