import { REPOSITORIES, repositoryFolder } from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';
import type { CollectionFault, Found } from './fault.js';
import { listOrFault } from './listing.js';
import type { Turn } from './turns.js';

/**
 * Every repository, however deep it is nested, in name order. A folder is one as soon as it holds any of the
 * registry's own folders, whose names begin with `_`: registry 2.8 looks for `_layers` and then sweeps the images of a
 * repository without it, 3.x fails on it (TRAPS 23; FACTS §1.13).
 *
 * A place that cannot be looked at may hold repositories, and those may need any blob.
 */
export const findRepositories = async (storage: Storage, turn: Turn): Promise<Found<readonly string[]>> => {
  const found: string[] = [];
  const faults: CollectionFault[] = [];
  const onFault = (path: string, problem: string): void => {
    faults.push({ path, problem, repository: null, undecided: 'everything' });
  };
  const open = [''];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    await turn();
    const { folders } = await listOrFault(storage, repositoryFolder(name), onFault);
    if (name !== '' && folders.some((folder) => folder.startsWith('_'))) found.push(name);
    for (const folder of folders) {
      if (!folder.startsWith('_')) open.push(name === '' ? folder : `${name}/${folder}`);
    }
  }
  // An unmounted or mistyped place looks like a registry without images; every blob would be garbage.
  if (found.length === 0) onFault(REPOSITORIES, 'holds no repository');
  return { found: found.sort(), faults };
};
