import type { Digest } from '../../../oci/digest.js';
import type { CollectionFault } from '../fault.js';
import { isReadable, type Ancestries } from './ancestries.js';
import { imageFile } from './layout.js';

/**
 * `roots` and all that they are built on, as each image's own ancestry says. Where the ancestry of an image that is
 * there cannot be read, or a root has none, it could need any other (a script that goes on then deletes living layers:
 * FACTS §4); an ancestor that is not there at all is missing, and nothing more.
 */
export const follow = async (
  ancestries: Ancestries,
  roots: Iterable<Digest>,
  isThere: (image: Digest) => boolean,
): Promise<{ readonly images: ReadonlySet<Digest>; readonly faults: readonly CollectionFault[] }> => {
  const images = new Set<Digest>(roots);
  const first = new Set(images);
  const faults: CollectionFault[] = [];
  for (let level = [...images]; level.length > 0;) {
    const next: Digest[] = [];
    for (const [i, ancestry] of (await ancestries.of(level)).entries()) {
      const image = level[i];
      if (image === undefined) continue;
      if (isReadable(ancestry)) {
        for (const each of ancestry) {
          if (!images.has(each)) next.push(each);
          images.add(each);
        }
      } else if (ancestry !== null || first.has(image) || isThere(image)) {
        const problem = `${ancestry?.problem ?? 'is missing'}: it could need any image`;
        const path = imageFile(image, 'ancestry');
        faults.push({ path, problem, repository: null, undecided: 'everything' });
      }
    }
    level = next;
  }
  return { images, faults };
};
