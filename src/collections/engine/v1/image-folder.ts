import type { Digest } from '../../../oci/digest.js';
import type { Storage } from '../../../storage/storage.js';
import { IN_PROGRESS, imageFile, imageFolder } from './layout.js';

/** What lies in one image's folder. */
export interface ImageFolder {
  readonly image: Digest;
  /** Full paths, in the order in which they come back: the layer first, what makes the registry see the image last. */
  readonly files: readonly string[];
  readonly sizeBytes: number;
  /** The latest change of any of them. */
  readonly modifiedMs: number;
  /** An upload of it has not ended. */
  readonly isInProgress: boolean;
  readonly hasJson: boolean;
  readonly hasAncestry: boolean;
  /** Something in it is no file of the registry's. */
  readonly oddPath: string | null;
}

/** The registry answers for an image by its `json`: without it, a client uploads all of it again. */
const LAST = ['ancestry', 'json'];

const place = (name: string): number => (name === 'layer' ? -2 : LAST.indexOf(name));

/** Null where there is no such folder, or nothing in it. Throws `StorageFaultError` where it cannot be looked at. */
export const readImageFolder = async (storage: Storage, image: Digest): Promise<ImageFolder | null> => {
  const listing = await storage.list(imageFolder(image));
  if (listing === null) return null;
  const names = [...listing.files].sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
  const [odd = null] = [...listing.odd, ...listing.folders];
  if (names.length === 0 && odd === null) return null;
  let sizeBytes = 0;
  let modifiedMs = 0;
  for (const name of names) {
    const facts = await storage.stat(imageFile(image, name));
    // Gone since it was listed: somebody works on it.
    if (facts === null) return { ...facade(image, names, odd), sizeBytes, modifiedMs: Infinity };
    sizeBytes += facts.sizeBytes;
    modifiedMs = Math.max(modifiedMs, facts.modifiedMs);
  }
  return { ...facade(image, names, odd), sizeBytes, modifiedMs };
};

const facade = (image: Digest, names: readonly string[], odd: string | null) => ({
  image,
  files: names.map((name) => imageFile(image, name)),
  isInProgress: names.includes(IN_PROGRESS),
  hasJson: names.includes('json'),
  hasAncestry: names.includes('ancestry'),
  oddPath: odd === null ? null : imageFile(image, odd),
});
