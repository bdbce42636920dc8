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

/** Looks at blobs and at the layer links to them: uploading a blob that exists renews only its link (v2:blobwriter.go). */
export const blobTimes = async (
  scanner: Scanner,
  { graph, names }: Pick<Marking, 'graph' | 'names'>,
  indexes: readonly number[],
  linkedIn: (i: number) => readonly number[],
): Promise<BlobTimes> => {
  const linked = new Map<number, number[]>();
  for (const i of indexes.keys()) {
    for (const repository of linkedIn(i)) {
      const list = linked.get(repository);
      if (list === undefined) linked.set(repository, [i]);
      else list.push(i);
    }
  }
  const pack = (ats: readonly number[]) => graph.table.pack(ats.map((i) => indexes[i] ?? 0));
  const [blobs, ...links] = await scanner.times([
    { repository: null, digests: graph.table.pack(indexes) },
    ...[...linked].map(([repository, ats]) => ({ repository: names[repository] ?? '', digests: pack(ats) })),
  ]);
  const sizesBytes = blobs?.found.sizesBytes ?? new Float64Array();
  const modifiedMs = blobs?.found.modifiedMs ?? new Float64Array();
  const faults = [...(blobs?.faults ?? [])];
  for (const [n, ats] of [...linked.values()].entries()) {
    const times = links[n];
    faults.push(...(times?.faults ?? []));
    for (const [k, i] of ats.entries()) {
      const at = times?.found.modifiedMs[k] ?? NaN;
      if (at > (modifiedMs[i] ?? 0) || Number.isNaN(modifiedMs[i])) modifiedMs[i] = at;
    }
  }
  return { sizesBytes, modifiedMs, faults };
};
