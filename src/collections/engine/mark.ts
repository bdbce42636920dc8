import { blobData } from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';
import { partsOf } from './digest-key.js';
import type { CollectionFault } from './fault.js';
import { findRepositories } from './find-repositories.js';
import type { NumberLists } from './number-lists.js';
import { ReachableManifests } from './reachable.js';
import type { UnreadManifest } from './read-manifests.js';
import { FLAG, type ReferenceGraph } from './reference-graph.js';
import { RepositoryLists } from './repository-lists.js';
import { RepositoryMark, Visits, type RepositoryLinks } from './repository-mark.js';
import { findBlobShards } from './scan-blobs.js';
import { scanSignatures } from './scan-repository.js';
import type { Scanner } from './scanner.js';
import type { SurveyHooks } from './survey.js';
import { A_TURN, NO_TURNS, type Turn } from './turns.js';

/** Untagged manifests whose link is older than `olderThanMs` (a time) go, unless something living needs them. */
export interface UntaggedRule {
  readonly linkedBeforeMs: number;
  /** Whether somebody holds this manifest of the repository: it lives as if a tag led to it. */
  readonly isHeld: IsHeld;
}

export type IsHeld = (repository: string, digest: string) => boolean;

/** What a repository holds, each blob counted once. */
export interface RepositoryTotals {
  readonly repository: string;
  readonly tags: number;
  readonly manifests: number;
  readonly liveBytes: number;
}

/** A manifest that goes from its repository because no tag and nothing living needs it. */
export interface UntaggedRevision {
  readonly repository: number;
  readonly digest: number;
}

/** What is alive, as flags in `graph`; repositories by their number in `names`. */
export interface Marking {
  readonly graph: ReferenceGraph;
  readonly names: readonly string[];
  readonly totals: readonly RepositoryTotals[];
  /** Repositories of which not everything could be read. */
  readonly undecided: ReadonlySet<number>;
  readonly untagged: readonly UntaggedRevision[];
  /** The layer links of each repository, of configs and layers alike. */
  readonly layers: NumberLists;
  /** Manifests that were deleted, by repository: their empty folders. */
  readonly emptyRevisions: NumberLists;
  readonly faults: readonly CollectionFault[];
  /** Whether a tag, or a manifest that the repository has, needs this digest there; false for an unknown repository. */
  readonly needs: (repository: number, digest: number) => boolean;
}

/** Signatures that old registries kept beside a schema1 manifest. */
const keepSignatures = async (
  storage: Storage,
  graph: ReferenceGraph,
  links: RepositoryLinks,
  faults: CollectionFault[],
): Promise<boolean> => {
  let isDecided = links.isDecided;
  for (const index of links.revisions) {
    if (graph.kind(index) !== 'schema1') continue;
    const found = await scanSignatures(storage, links.name, graph.digest(index), (path, problem) => {
      isDecided = false;
      faults.push({ path, problem, repository: links.name, undecided: 'repository' });
    });
    for (const digest of found) graph.flag(graph.table.addDigest(digest), FLAG.live);
  }
  return isDecided;
};

/**
 * Names the wanted blobs that are not there. They were not listed, and are asked for one by one: a push may have brought
 * them since.
 */
const nameMissing = async (
  graph: ReferenceGraph,
  scanner: Scanner,
  wanted: ReadonlyMap<number, string>,
  faults: CollectionFault[],
): Promise<void> => {
  const indexes = [...wanted.keys()];
  const runs = [{ repository: null, count: indexes.length }];
  const { found } = await scanner.times({ runs, digests: graph.table.pack(indexes) });
  for (const [i, index] of indexes.entries()) {
    if (!Number.isNaN(found.modifiedMs[i])) continue;
    const repository = wanted.get(index) ?? null;
    const problem = `is missing, and an image of ${repository ?? 'a repository'} needs it`;
    faults.push({ path: blobData(graph.digest(index)), problem, repository, undecided: 'nothing' });
  }
};

/** Asked of few, long after all were marked, so it has visits of its own and those of the mark can go. */
const needsOf = (
  graph: ReferenceGraph,
  all: RepositoryLists,
  problems: ReadonlyMap<number, UnreadManifest>,
): Marking['needs'] => {
  let visits: Visits | null = null;
  let stamp = 0;
  return (repository, digest) => {
    if (repository < 0 || repository >= all.length) return false;
    visits ??= new Visits(Infinity);
    new RepositoryMark(graph, all.at(repository), ++stamp, visits, problems).run(null);
    return visits.wasSeen(digest, stamp);
  };
};

/**
 * Finds what is alive. The blobs are listed first, so that a blob pushed meanwhile is not among them and cannot become
 * a candidate. Marks are per repository, since what is undecided is bounded by the repository.
 */
export const mark = async (
  storage: Storage,
  scanner: Scanner,
  recall: () => Promise<ReferenceGraph>,
  untaggedRule: UntaggedRule | null,
  { onRepository, signal, turn = NO_TURNS }: SurveyHooks & { readonly turn?: Turn } = {},
): Promise<Marking> => {
  const faults: CollectionFault[] = [];
  const shards = await findBlobShards(storage);
  faults.push(...shards.faults);
  // Asked for first: other threads list while this one remembers what earlier runs learned.
  const listed = scanner.blobs(shards.found);
  const graph = await recall();
  for await (const blobs of listed) {
    signal?.throwIfAborted();
    faults.push(...blobs.faults);
    for (const part of partsOf(blobs.found, A_TURN)) {
      for (const index of graph.table.addPacked(part)) graph.flag(index, FLAG.present);
      await turn();
    }
  }
  const repositories = await findRepositories(storage, turn);
  faults.push(...repositories.faults);
  const all = new RepositoryLists(repositories.found);
  const tagCounts: number[] = [];
  const reachable = new ReachableManifests(graph, scanner);
  const withTimes = untaggedRule !== null;
  for await (const scan of scanner.repositories(repositories.found, { withTimes })) {
    signal?.throwIfAborted();
    const links = all.add(graph.table, scan);
    tagCounts.push(scan.tagCount);
    faults.push(...scan.faults);
    for (const index of links.revisions) reachable.want(index);
    for (const index of links.tagged) reachable.want(index);
    onRepository?.(all.length, repositories.found.length);
    await turn();
  }
  await reachable.follow(signal, turn);
  const { problems } = reachable;

  const visits = new Visits(all.length);
  const undecided = new Set<number>();
  const totals: RepositoryTotals[] = [];
  const untagged: UntaggedRevision[] = [];
  const wanted = new Map<number, string>();
  for (let number = 0; number < all.length; number++) {
    await turn();
    const links = all.at(number);
    const isDecided = await keepSignatures(storage, graph, links, faults);
    const walk = new RepositoryMark(graph, { ...links, isDecided }, number + 1, visits, problems);
    walk.run(untaggedRule);
    if (!walk.isDecided) undecided.add(number);
    for (const [index, why] of walk.unread) {
      const problem = `${why}, and ${links.name} needs what it refers to`;
      const path = blobData(graph.digest(index));
      faults.push({ path, problem, repository: links.name, undecided: 'repository' });
    }
    for (const index of walk.unlisted) wanted.set(index, links.name);
    untagged.push(...walk.untagged.map((digest) => ({ repository: number, digest })));
    totals.push({
      repository: links.name,
      tags: tagCounts[number] ?? 0,
      manifests: links.revisions.length,
      liveBytes: walk.liveBytes,
    });
  }
  const needs = needsOf(graph, all, problems);
  await nameMissing(graph, scanner, wanted, faults);
  return {
    graph,
    names: repositories.found,
    totals,
    undecided,
    untagged,
    layers: all.layers,
    emptyRevisions: all.emptyRevisions,
    faults,
    needs,
  };
};
