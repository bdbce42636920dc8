import { ALGORITHMS, layers } from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';
import { DigestPacker, type PackedDigests } from './digest-key.js';
import type { CollectionFault } from './fault.js';
import { listOrFault, type OnFault } from './listing.js';

/**
 * Lists the layer links of a repository, without reading them. A link that was written lately shows a push under way,
 * of any blob, so a place that cannot be listed leaves everything undecided.
 */
export const scanLayers = async (
  storage: Storage,
  repository: string,
  faults: CollectionFault[],
): Promise<PackedDigests> => {
  const onFault: OnFault = (path, problem) => {
    faults.push({ path, problem, repository, undecided: 'everything' });
  };
  const packer = new DigestPacker();
  const top = await listOrFault(storage, layers(repository), onFault);
  for (const algorithm of top.folders) {
    const path = `${layers(repository)}/${algorithm}`;
    const { folders } = await listOrFault(storage, path, onFault);
    if (packer.pushAllNamed(algorithm, folders)) continue;
    for (const hex of folders) {
      if (packer.pushNamed(algorithm, hex)) continue;
      const problem = `is not named for a digest of ${ALGORITHMS.join(' or ')}`;
      faults.push({ path: `${path}/${hex}`, problem, repository, undecided: 'nothing' });
    }
  }
  return packer.packed();
};
