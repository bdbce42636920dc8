import { blobData, layers } from '../../storage/layout.js';
import { StorageFaultError, type Storage } from '../../storage/storage.js';
import type { CollectionFault } from './fault.js';
import type { Marking } from './mark.js';
import { MANIFEST_MAX_BYTES, matchesDigest } from './read-manifests.js';
import { readReferences } from './references.js';
import { FLAG } from './reference-graph.js';

/**
 * Keeps what a repository could need of which something could not be read, such as a link that is empty.
 *
 * What bounds it: a registry takes a manifest only where the repository has every config, layer and child that it
 * refers to (v2:registry/handlers/manifests.go, "verify"). So whatever the lost link named refers to layer links and
 * manifests of this very repository. Kept are therefore all its layer links, and every dead blob that could be such a
 * manifest: a JSON object that mentions any of them or nothing at all, and all else that it mentions, and so on.
 *
 * Answers with the reason why nothing at all may go, where a repository has no layer links that would bound it.
 */
export const keepWhatUndecidedRepositoriesCouldNeed = async (
  storage: Storage,
  { graph, names, emptyRevisions }: Marking,
  undecided: ReadonlyMap<number, Uint32Array>,
  dead: Iterable<number>,
  isLayer: (index: number) => boolean,
  faults: CollectionFault[],
): Promise<string | null> => {
  if (undecided.size === 0) return null;
  const near = new Set<number>();
  for (const [repository, linked] of undecided) {
    const name = names[repository] ?? '';
    if (linked.length === 0) return `${layers(name)} is missing, and a fault leaves open what ${name} needs`;
    for (const index of linked) near.add(index);
    // A manifest that was deleted here may be the subject of one that cannot be read.
    for (const index of emptyRevisions.at(repository)) near.add(index);
  }
  for (const index of near) graph.flag(index, FLAG.kept);

  // Manifests of undecided repositories are alive, so a lost index may list any living manifest.
  const isNear = (index: number): boolean =>
    near.has(index) || (graph.has(index, FLAG.live) && graph.knows(index));
  // A manifest that mentions nothing is possible as well; a blob with a layer link is rather a config.
  const isBare = ({ index, mentions }: PossibleManifest): boolean => mentions.length === 0 && !isLayer(index);
  let open = await readPossibleManifests(storage, graph, dead, faults);
  for (;;) {
    const possible = open.filter(
      (each) => near.has(each.index) || isBare(each) || each.mentions.some(isNear),
    );
    if (possible.length === 0) return null;
    open = open.filter((manifest) => !possible.includes(manifest));
    for (const { index, mentions } of possible) {
      for (const at of [index, ...mentions]) {
        near.add(at);
        graph.flag(at, FLAG.kept);
      }
    }
  }
};

interface PossibleManifest {
  readonly index: number;
  readonly mentions: readonly number[];
}

/** The dead blobs that could be manifests, and what they mention. What cannot be read could be one. */
const readPossibleManifests = async (
  storage: Storage,
  graph: Marking['graph'],
  dead: Iterable<number>,
  faults: CollectionFault[],
): Promise<readonly PossibleManifest[]> => {
  const found: PossibleManifest[] = [];
  for (const index of dead) {
    const path = blobData(graph.digest(index));
    try {
      const bytes = await storage.read(path, MANIFEST_MAX_BYTES);
      if (bytes === null) continue;
      const { kind, references } = readReferences(bytes);
      // Bytes that are not what their digest says may have been anything.
      if (kind === 'leaf' && matchesDigest(graph.digest(index), bytes)) continue;
      found.push({ index, mentions: references.map(({ digest }) => graph.table.addDigest(digest)) });
    } catch (error) {
      if (!(error instanceof StorageFaultError)) throw error;
      if (error.isTooLarge) continue;
      faults.push({ path, problem: error.problem, repository: null, undecided: 'nothing' });
      found.push({ index, mentions: [] });
    }
  }
  return found;
};
