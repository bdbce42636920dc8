import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../../oci/digest.js';
import { recognizeDigest } from '../../engine/digest-key.js';
import { FileJournal } from '../../engine/file-journal.js';
import type { Garbage } from '../../engine/garbage.js';
import { listOrFault, readLinks } from '../../engine/listing.js';
import { FLAG } from '../../engine/reference-graph.js';
import { scanRepository } from '../../engine/scan-repository.js';
import { survey, type CollectRules } from '../../engine/survey.js';
import { blobData, JOURNAL, tagLink, tags } from '../../../storage/layout.js';
import type { Storage } from '../../../storage/storage.js';
import { withStorage, type StorageAt } from './open-storage.js';

/** Where a blob stands with the collector. */
export type Standing =
  'needed' | 'kept_in_doubt' | 'too_young' | 'garbage' | 'in_quarantine' | 'purged' | 'absent';

/** One step from a repository to the blob; `role` is what the step before refers to it as. */
export interface ReferenceStep {
  readonly digest: string;
  readonly role: string;
}

/** One repository that needs the blob, and how it comes to. */
export interface ReferencePath {
  readonly repository: string;
  /** Null where only the repository's link to the untagged manifest holds it. */
  readonly tag: string | null;
  readonly steps: readonly ReferenceStep[];
}

export interface Explanation {
  readonly standing: Standing;
  readonly sizeBytes: number | null;
  readonly because: string | null;
  readonly paths: readonly ReferencePath[];
}

const MOST_PATHS = 20;

/** Why a blob is still there, or is not: with the path of references from each of the first repositories that need it. */
export const explainInStorage = (
  at: StorageAt,
  digest: Digest,
  rules: CollectRules,
  maySee: (repository: string) => boolean,
): Promise<Explanation> =>
  withStorage(at, async ({ root, tools }) => {
    const garbage = await survey(tools, rules);
    const { graph } = garbage.marking;
    const sizeBytes = (await tools.storage.stat(blobData(digest)))?.sizeBytes ?? null;
    if (sizeBytes === null) return { ...(await gone(root, digest)), paths: [] };
    const index = graph.table.findDigest(digest);
    const dead = garbage.blobs.find((blob) => blob.index === index);
    if (dead) return { standing: 'garbage', sizeBytes, because: dead.because, paths: [] };
    if (index >= 0 && graph.has(index, FLAG.live)) {
      const paths = await pathsTo(tools.storage, garbage, index, maySee);
      return { standing: 'needed', sizeBytes, because: null, paths };
    }
    const inDoubt = garbage.blocked !== null || (index >= 0 && graph.has(index, FLAG.kept));
    const doubt = garbage.faults.find((fault) => fault.undecided !== 'nothing');
    if (!inDoubt) return { standing: 'too_young', sizeBytes, because: null, paths: [] };
    const because = garbage.blocked ?? (doubt ? `${doubt.path} ${doubt.problem}` : null);
    return { standing: 'kept_in_doubt', sizeBytes, because, paths: [] };
  });

const gone = async (root: string, digest: Digest): Promise<Omit<Explanation, 'paths'>> => {
  // Read without the lock: a line that is being written does not count yet.
  const journal = existsSync(join(root, JOURNAL)) ? new FileJournal(root) : null;
  const all = (await journal?.list(['moving', 'quarantined', 'purged'])) ?? [];
  const mine = all.filter((entry) => entry.digest === digest && entry.repository === null);
  const waiting = mine.find(({ state }) => state !== 'purged');
  const last = waiting ?? mine.at(-1);
  if (!last) return { standing: 'absent', sizeBytes: null, because: null };
  const standing = waiting ? 'in_quarantine' : 'purged';
  return { standing, sizeBytes: last.sizeBytes, because: last.because };
};

const pathsTo = async (
  storage: Storage,
  { marking }: Garbage,
  target: number,
  maySee: (repository: string) => boolean,
): Promise<ReferencePath[]> => {
  const paths: ReferencePath[] = [];
  for (const [number, repository] of marking.names.entries()) {
    if (paths.length === MOST_PATHS) break;
    if (!maySee(repository) || !marking.needs(number, target)) continue;
    const path = await pathIn(storage, marking.graph, repository, target);
    if (path) paths.push(path);
  }
  return paths;
};

/** The shortest way from the repository's tags, or else from its links to manifests, to the blob. */
const pathIn = async (
  storage: Storage,
  graph: Garbage['marking']['graph'],
  repository: string,
  target: number,
): Promise<ReferencePath | null> => {
  const scan = await scanRepository(storage, repository, { withTimes: false });
  const tagOf = await tagsByDigest(storage, repository);
  const roots = [...graph.table.addPacked(scan.tagged), ...graph.table.addPacked(scan.revisions)];
  const cameFrom = new Map<number, { readonly from: number | null; readonly role: string }>();
  for (const root of roots) cameFrom.set(root, { from: null, role: 'manifest' });
  for (const index of cameFrom.keys()) {
    if (index === target) break;
    // The map's order is that of discovery, so this goes level by level.
    graph.references(index, (to, role) => {
      if (!cameFrom.has(to)) cameFrom.set(to, { from: index, role });
    });
  }
  const steps: ReferenceStep[] = [];
  let first: number | null = null;
  for (let at: number | null = target; at !== null;) {
    const step = cameFrom.get(at);
    if (!step) return null;
    steps.unshift({ digest: graph.digest(at), role: step.role });
    first = at;
    at = step.from;
  }
  return { repository, tag: first === null ? null : (tagOf.get(graph.digest(first)) ?? null), steps };
};

const tagsByDigest = async (storage: Storage, repository: string): Promise<Map<string, string>> => {
  const ignore = (): void => undefined;
  const names = (await listOrFault(storage, tags(repository), ignore)).folders;
  const texts = await readLinks(
    storage,
    names.map((tag) => tagLink(repository, tag)),
    ignore,
  );
  const found = new Map<string, string>();
  for (const [i, text] of texts.entries()) {
    const digest = text === null ? null : recognizeDigest(text);
    if (digest !== null && !found.has(digest)) found.set(digest, names[i] ?? '');
  }
  return found;
};
