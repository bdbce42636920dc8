import type { Digest } from '../../oci/digest.js';
import { recognizeDigest } from './digest-key.js';
import type { Garbage } from './garbage.js';
import { listOrFault, readLinks } from './listing.js';
import { FLAG } from './reference-graph.js';
import { scanRepository } from './scan-repository.js';
import { blobData, tagLink, tags } from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';
import { MOST_PATHS, type Explanation, type ReferencePath, type ReferenceStep } from './described-look.js';

/** Where a blob stands after a look at the storage, and what needs it; null where it is not there. */
export const explainBlob = async (
  storage: Storage,
  garbage: Garbage,
  digest: Digest,
  maySee: (repository: string) => boolean,
): Promise<Explanation | null> => {
  const { graph } = garbage.marking;
  const sizeBytes = (await storage.stat(blobData(digest)))?.sizeBytes ?? null;
  if (sizeBytes === null) return null;
  const index = graph.table.findDigest(digest);
  const dead = garbage.blobs.find(index);
  if (dead) return { standing: 'garbage', sizeBytes, because: dead.because, paths: [] };
  if (index >= 0 && graph.has(index, FLAG.live)) {
    const paths = await pathsTo(storage, garbage, index, maySee);
    return { standing: 'needed', sizeBytes, because: null, paths };
  }
  const inDoubt = garbage.blocked !== null || (index >= 0 && graph.has(index, FLAG.kept));
  const doubt = garbage.faults.find((fault) => fault.undecided !== 'nothing');
  if (!inDoubt) return { standing: 'too_young', sizeBytes, because: null, paths: [] };
  const because = garbage.blocked ?? (doubt ? `${doubt.path} ${doubt.problem}` : null);
  return { standing: 'kept_in_doubt', sizeBytes, because, paths: [] };
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
