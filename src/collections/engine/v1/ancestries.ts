import type { Digest } from '../../../oci/digest.js';
import { recognizeImageId } from '../digest-key.js';
import { readMany, StorageFaultError, type Reading, type Storage } from '../../../storage/storage.js';
import { imageFile } from './layout.js';

/** An image's own id first, then those it is built on; or what is wrong with the file, or null where it is not there. */
export type Ancestry = readonly Digest[] | { readonly problem: string } | null;

const READ_AT_ONCE = 500;
/** A hundred thousand ids; an image may have 127 layers. */
const MOST_BYTES = 8 * 1024 * 1024;

export const isReadable = (ancestry: Ancestry): ancestry is readonly Digest[] => Array.isArray(ancestry);

/** Reads ancestries, each once: they never change. */
export class Ancestries {
  readonly #known = new Map<Digest, readonly Digest[]>();

  constructor(private readonly storage: Storage) {}

  /** What was read of it; nothing where that was not possible. */
  known(image: Digest): readonly Digest[] {
    return this.#known.get(image) ?? [];
  }

  /** Of each of `images`, in their order. */
  async of(images: readonly Digest[]): Promise<readonly Ancestry[]> {
    const wanted = images.filter((image) => !this.#known.has(image));
    const unreadable = new Map<Digest, Ancestry>();
    for (let i = 0; i < wanted.length; i += READ_AT_ONCE) {
      const part = wanted.slice(i, i + READ_AT_ONCE);
      const paths = part.map((image) => imageFile(image, 'ancestry'));
      const readings = await readMany(this.storage, paths, MOST_BYTES);
      for (const [k, image] of part.entries()) {
        const ancestry = ancestryOf(image, readings[k] ?? null);
        if (isReadable(ancestry)) this.#known.set(image, ancestry);
        else unreadable.set(image, ancestry);
      }
    }
    return images.map((image) => this.#known.get(image) ?? unreadable.get(image) ?? null);
  }
}

const ancestryOf = (image: Digest, reading: Reading): Ancestry => {
  if (reading === null) return null;
  if (reading instanceof StorageFaultError) return { problem: reading.problem };
  const ids = idsIn(Buffer.from(reading).toString('utf8'));
  if (ids === null) return { problem: 'is no list of image ids' };
  return ids[0] === image ? ids : { problem: "is another image's" };
};

const idsIn = (text: string): readonly Digest[] | null => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(json)) return null;
  const ids = json.map((each) => (typeof each === 'string' ? recognizeImageId(each) : null));
  return ids.every((id) => id !== null) ? ids : null;
};
