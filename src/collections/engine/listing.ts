import { StorageFaultError, type Listing, type Storage } from '../../storage/storage.js';

/** Called with the path and the problem of whatever could not be looked at. */
export type OnFault = (path: string, problem: string) => void;

const EMPTY: Listing = { folders: [], files: [], odd: [] };
const LINK_MAX_BYTES = 1024;

export const IS_LINK = 'is neither a file nor a folder (a link is never followed)';

/** Runs `call`; a fault of the storage is told to `onFault` and answered with null. */
export const orFault = async <T>(call: () => T | Promise<T>, onFault: OnFault): Promise<T | null> => {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof StorageFaultError)) throw error;
    onFault(error.path, error.problem);
    return null;
  }
};

/** What lies below `prefix`; what cannot be listed, and what is neither file nor folder, is a fault. */
export const listOrFault = async (storage: Storage, prefix: string, onFault: OnFault): Promise<Listing> => {
  const listing = (await orFault(() => storage.list(prefix), onFault)) ?? EMPTY;
  for (const name of listing.odd) onFault(`${prefix}/${name}`, IS_LINK);
  return listing;
};

/** The texts of small files, in the order asked; null where there is none, or where it is a fault. */
export const readLinks = async (
  storage: Storage,
  paths: readonly string[],
  onFault: (path: string, problem: string, i: number) => void,
): Promise<readonly (string | null)[]> => {
  const texts = new Array<string | null>(paths.length).fill(null);
  await storage.readEach(paths, LINK_MAX_BYTES, (reading, i) => {
    if (reading instanceof StorageFaultError) onFault(reading.path, reading.problem, i);
    else if (reading !== null) texts[i] = latin1(reading);
  });
  return texts;
};

/** The bytes as text, one character each; without a view of its own where they come as a Buffer, as links do. */
export const latin1 = (bytes: Uint8Array): string =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString(
    'latin1',
  );
