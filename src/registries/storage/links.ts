import { digestOrNull, type Digest } from '../../oci/digest.js';
import { StorageFaultError, type Storage } from '../../storage/storage.js';

const MOST_LINK_BYTES = 1024;

/**
 * What a link of the registry names; null where there is none. An empty or damaged one decides nothing: it throws, with
 * its path (TRAPS 22). The registry itself answers 500 to such a link, and reads no whitespace out of it.
 */
export const readLink = async (storage: Storage, path: string): Promise<Digest | null> => {
  const bytes = await storage.read(path, MOST_LINK_BYTES);
  if (bytes === null) return null;
  const text = Buffer.from(bytes).toString('latin1');
  const digest = digestOrNull(text);
  if (digest !== null) return digest;
  const problem = text === '' ? 'is empty' : `holds no digest: ${JSON.stringify(text.slice(0, 80))}`;
  throw new StorageFaultError(path, problem);
};

/** A link in a folder that is named for its digest; one that names another is damage. */
export const hasLink = async (storage: Storage, path: string, digest: Digest): Promise<boolean> => {
  const named = await readLink(storage, path);
  if (named !== null && named !== digest) throw new StorageFaultError(path, `names another digest, ${named}`);
  return named !== null;
};

export const writeLink = async (storage: Storage, path: string, digest: Digest): Promise<void> =>
  storage.write(path, Buffer.from(digest, 'latin1'));
