import { layerLink } from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';
import { blobTimes } from './blob-times.js';
import { DeadBlobs, type Links, type Reason } from './dead-blobs.js';
import { recognizeDigest } from './digest-key.js';
import type { CollectionFault } from './fault.js';
import { Holders } from './holders.js';
import { readLinks } from './listing.js';
import type { Marking } from './mark.js';
import { FLAG } from './reference-graph.js';
import type { Scanner } from './scanner.js';
import { A_TURN, NO_TURNS, type Turn } from './turns.js';
import { keepWhatUndecidedRepositoriesCouldNeed } from './undecided.js';

export interface Garbage {
  readonly marking: Marking;
  /** Old enough to go, in the order of their digests' numbers. */
  readonly blobs: DeadBlobs;
  /** Dead, but written or linked within the grace period: perhaps a push under way. */
  readonly young: { readonly count: number; readonly bytes: number };
  /** Perhaps needed by what could not be read. */
  readonly kept: { readonly count: number; readonly bytes: number };
  /** Set where nothing may be taken away, with the reason. */
  readonly blocked: string | null;
  /** Blobs that were taken away before and that a new layer link wants again (see heal). */
  readonly linked: (index: number) => boolean;
  readonly faults: readonly CollectionFault[];
}

export interface GraceRule {
  readonly nowMs: number;
  readonly graceMs: number;
}

/**
 * A blob stored under another digest than the one it is asked by (v2:linkedblobstore.go linkBlob: aliases): the layer
 * link says which. A wanted digest that is missing may live on so.
 */
const keepAlias = async (
  storage: Storage,
  marking: Marking,
  path: string,
  onFault: (path: string, problem: string) => void,
): Promise<void> => {
  const [text = null] = await readLinks(storage, [path], onFault);
  if (text === null) return;
  const target = recognizeDigest(text);
  if (target === null) onFault(path, 'holds no digest');
  else marking.graph.flag(marking.graph.table.addDigest(target), FLAG.live);
};

const followLayers = async (
  storage: Storage,
  marking: Marking,
  faults: CollectionFault[],
  turn: Turn,
): Promise<{ links: Links; linked: Set<number>; undecided: Map<number, Uint32Array> }> => {
  const { graph, names } = marking;
  const undecided = new Map<number, Uint32Array>();
  const linked = new Set<number>();
  const links: Links = { layers: new Holders(), revisions: new Holders() };
  const isAbsent = (index: number): boolean => !graph.has(index, FLAG.present);
  const isLive = (index: number): boolean => graph.has(index, FLAG.live);
  for (let repository = 0; repository < marking.layers.length; repository++) {
    await turn();
    const layers = marking.layers.at(repository);
    const name = names[repository] ?? '';
    if (marking.undecided.has(repository)) undecided.set(repository, layers);
    const follow = (index: number): Promise<void> =>
      keepAlias(storage, marking, layerLink(name, graph.digest(index)), (path, problem) => {
        undecided.set(repository, layers);
        faults.push({ path, problem, repository: name, undecided: 'repository' });
      });
    for (const index of layers) {
      if (!isAbsent(index)) {
        if (!isLive(index)) links.layers.note(index, repository);
        continue;
      }
      linked.add(index);
      // Whatever needs it: a layer that need not be here, and what a manifest only mentions, may be stored so, too.
      if (isLive(index)) await follow(index);
    }
    // What could not be read may need any of the others.
    if (undecided.has(repository))
      for (const index of layers) if (isAbsent(index) && !isLive(index)) await follow(index);
    for (const index of marking.emptyRevisions.at(repository)) {
      if (!isAbsent(index) && !isLive(index)) links.revisions.note(index, repository);
    }
  }
  return { links, linked, undecided };
};

const reasonOf = (isLayer: boolean, isManifest: boolean, isUntagged: boolean): Reason => {
  if (isUntagged) return 'untagged';
  if (isManifest) return 'manifest_deleted';
  return isLayer ? 'layer_unreferenced' : 'unlinked';
};

const countOf = async (size: number, counts: (index: number) => boolean, turn: Turn): Promise<number> => {
  let count = 0;
  for (let index = 0; index < size; index++) {
    if (index % A_TURN === 0) await turn();
    if (counts(index)) count += 1;
  }
  return count;
};

/** What may go, of all that is not alive. */
export const findGarbage = async (
  storage: Storage,
  scanner: Scanner,
  marking: Marking,
  { nowMs, graceMs }: GraceRule,
  turn: Turn = NO_TURNS,
): Promise<Garbage> => {
  const { graph } = marking;
  const faults = [...marking.faults];
  const { links, linked, undecided } = await followLayers(storage, marking, faults, turn);
  const untagged = new Set(marking.untagged.map(({ digest }) => digest));

  const isDead = (index: number): boolean => graph.has(index, FLAG.present) && !graph.has(index, FLAG.live);
  const dead = new Uint32Array(await countOf(graph.table.size, isDead, turn));
  for (let index = 0, n = 0; n < dead.length; index++) {
    if (index % A_TURN === 0) await turn();
    if (isDead(index)) dead[n++] = index;
  }
  const times = await blobTimes(scanner, marking, dead, (i) => links.layers.of(dead[i] ?? 0), turn);
  faults.push(...times.faults);
  const isLayer = (index: number): boolean => links.layers.has(index);
  const widest = await keepWhatUndecidedRepositoriesCouldNeed(
    storage,
    marking,
    undecided,
    dead,
    isLayer,
    faults,
  );

  const young = { count: 0, bytes: 0 };
  const kept = { count: 0, bytes: 0 };
  const blobs = new DeadBlobs(links, dead.length);
  for (const [i, index] of dead.entries()) {
    if (i % A_TURN === 0) await turn();
    const sizeBytes = times.sizesBytes[i] ?? NaN;
    const modifiedMs = times.modifiedMs[i] ?? NaN;
    // An empty folder: nothing to take away.
    if (Number.isNaN(sizeBytes)) continue;
    if (graph.has(index, FLAG.live)) continue;
    const target = graph.has(index, FLAG.kept) ? kept : !(modifiedMs <= nowMs - graceMs) ? young : null;
    if (target !== null) {
      target.count += 1;
      target.bytes += sizeBytes;
      continue;
    }
    const because = reasonOf(links.layers.has(index), links.revisions.has(index), untagged.has(index));
    blobs.push(index, sizeBytes, because);
  }
  const blocking = faults.find((fault) => fault.undecided === 'everything');
  const blocked = blocking ? `${blocking.path} ${blocking.problem}` : widest;
  return {
    marking,
    blobs: blocked === null ? blobs : new DeadBlobs(links, 0),
    young,
    kept,
    blocked,
    linked: (i) => linked.has(i),
    faults,
  };
};
