import type { CollectionFault } from './fault.js';
import type { Marking } from './mark.js';
import type { Scanner } from './scanner.js';
import { SortedNumbers } from './sorted-numbers.js';
import { A_TURN, NO_TURNS, type Turn } from './turns.js';

/** How large blobs are and when they last changed, in the order asked. */
export interface BlobTimes {
  /** NaN where there is no blob. */
  readonly sizesBytes: Float64Array;
  /** The latest change of the blob and of its layer links; NaN where there is none of them. */
  readonly modifiedMs: Float64Array;
  readonly faults: readonly CollectionFault[];
}

/** How many files are looked at before what was found is taken in: their digests and times take 50 bytes each. */
const FILES_AT_ONCE = 4096;

/** More than are ever asked for: numbers of repositories stand above it. */
const BLOBS = 2 ** 32;

/** Blobs asked for that are looked at, by their place: themselves, or a repository's layer links to them. */
interface Run {
  readonly repository: number | null;
  readonly ats: readonly number[];
}

/** Looks at blobs and at the layer links to them: uploading a blob that exists renews only its link (v2:blobwriter.go). */
export const blobTimes = async (
  scanner: Scanner,
  { graph, names }: Pick<Marking, 'graph' | 'names'>,
  indexes: ArrayLike<number>,
  linkedIn: (i: number) => readonly number[],
  turn: Turn = NO_TURNS,
): Promise<BlobTimes> => {
  // A place that was never filled says that there is no blob, and not that an old one is.
  const sizesBytes = new Float64Array(indexes.length).fill(NaN);
  const modifiedMs = new Float64Array(indexes.length).fill(NaN);
  const faults: CollectionFault[] = [];
  const lookAt = async (runs: readonly Run[]): Promise<void> => {
    await turn();
    const times = await scanner.times({
      runs: runs.map(({ repository, ats }) => ({
        repository: repository === null ? null : (names[repository] ?? ''),
        count: ats.length,
      })),
      digests: graph.table.pack(runs.flatMap(({ ats }) => ats.map((i) => indexes[i] ?? 0))),
    });
    faults.push(...times.faults);
    let n = 0;
    for (const { repository, ats } of runs) {
      for (const i of ats) {
        const at = times.found.modifiedMs[n] ?? NaN;
        if (repository === null) {
          sizesBytes[i] = times.found.sizesBytes[n] ?? NaN;
          modifiedMs[i] = at;
        } else if (at > (modifiedMs[i] ?? 0) || Number.isNaN(modifiedMs[i])) modifiedMs[i] = at;
        n += 1;
      }
    }
  };
  for (const run of blobRuns(indexes.length)) await lookAt([run]);
  const pairs = await pairsOf(indexes.length, linkedIn, turn);
  for (const runs of portionsOf(linkRuns(pairs))) await lookAt(runs);
  return { sizesBytes, modifiedMs, faults };
};

function* blobRuns(count: number): Generator<Run> {
  for (let from = 0; from < count; from += FILES_AT_ONCE) {
    const length = Math.min(FILES_AT_ONCE, count - from);
    yield { repository: null, ats: Array.from({ length }, (_, i) => from + i) };
  }
}

/** Repository and place of each link in one number, sorted: lists of them all would double the memory of a run. */
const pairsOf = async (
  count: number,
  linkedIn: (i: number) => readonly number[],
  turn: Turn,
): Promise<Float64Array> => {
  const pairs = new SortedNumbers();
  for (let i = 0; i < count; i++) {
    if (i % A_TURN === 0) await turn();
    for (const repository of linkedIn(i)) pairs.push(repository * BLOBS + i);
  }
  return pairs.sorted();
};

/** The links of each repository together. */
function* linkRuns(pairs: Float64Array): Generator<Run> {
  for (let from = 0, to = 0; from < pairs.length; from = to) {
    const repository = Math.floor((pairs[from] ?? 0) / BLOBS);
    const ats: number[] = [];
    for (; to < pairs.length && (pairs[to] ?? 0) < (repository + 1) * BLOBS; to++) {
      ats.push((pairs[to] ?? 0) % BLOBS);
    }
    yield { repository, ats };
  }
}

/** The runs, in their order, as many at a time as are about the files for once. */
function* portionsOf(runs: Iterable<Run>): Generator<readonly Run[]> {
  let portion: Run[] = [];
  let files = 0;
  for (const run of runs) {
    portion.push(run);
    files += run.ats.length;
    if (files < FILES_AT_ONCE) continue;
    yield portion;
    portion = [];
    files = 0;
  }
  if (portion.length > 0) yield portion;
}
