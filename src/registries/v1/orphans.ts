import pLimit from 'p-limit';
import type { Digest } from '../../oci/digest.js';
import type { RepositoryName, Tag } from '../../oci/names.js';
import type { OrphanReport } from '../registry.js';
import type { Upstream } from '../upstream/upstream.js';
import { readImage } from './images.js';
import { canonicalName } from './paths.js';
import { readRepositories } from './repositories.js';
import { readTags } from './tags.js';

/** An image's own id, then its parents'. */
type Ancestry = readonly Digest[];

const AT_ONCE = 8;
/** Most repositories, and most images in them, that are followed: a report may not hold up a plan for long. */
const MOST_ELSEWHERE = 2_000;

/** Images that those which go lead to, and none of those which stay does; sorted. */
export const orphansAmong = (going: readonly Ancestry[], staying: readonly Ancestry[]): readonly Digest[] => {
  const needed = new Set(staying.flat());
  return [...new Set(going.flat())].filter((image) => !needed.has(image)).sort();
};

/**
 * What no tag would lead to any more after `tags` went. Images belong to no repository, so the tags of all others are
 * followed too where the registry lists its repositories. Its own lists of a repository's images are no source: they
 * keep what no tag reaches (FACTS §4). A tag that stays and whose ancestry cannot be read may need anything: null.
 */
export const findOrphans = async (
  upstream: Upstream,
  repository: RepositoryName,
  tags: readonly Tag[],
  signal: AbortSignal,
): Promise<OrphanReport | null> => {
  const ancestries = new Ancestries(upstream, signal);
  const here = await readTags(upstream, repository, signal);
  const going = new Set(tags);
  const staying = [...here].filter(([tag]) => !going.has(tag)).map(([, image]) => image);
  const [lost, kept] = await Promise.all([
    ancestries.of([...here].filter(([tag]) => going.has(tag)).map(([, image]) => image)),
    ancestries.of(staying),
  ]);
  if (!lost || !kept) return null;
  const images = orphansAmong(lost, kept);
  if (images.length === 0) return { images, lookedAt: 'registry' };
  const elsewhere = await imagesElsewhere(upstream, canonicalName(repository), signal);
  const needed = elsewhere && (await ancestries.of(elsewhere));
  if (!needed) return { images, lookedAt: 'repository' };
  return { images: orphansAmong([images], needed), lookedAt: 'registry' };
};

/** What the tags of all other repositories name; null where not all of them can be known. */
const imagesElsewhere = async (
  upstream: Upstream,
  repository: RepositoryName,
  signal: AbortSignal,
): Promise<readonly (Digest | null)[] | null> => {
  const known = await readRepositories(upstream, signal);
  if (!known || known.unnameable > 0 || known.names.length > MOST_ELSEWHERE) return null;
  const images = new Set<Digest | null>();
  for (const other of known.names) {
    if (canonicalName(other) === repository) continue;
    for (const image of (await readTags(upstream, other, signal)).values()) images.add(image);
    if (images.size > MOST_ELSEWHERE) return null;
  }
  return [...images];
};

/** Ancestries, each read once: they never change. */
class Ancestries {
  private readonly limit = pLimit(AT_ONCE);
  private readonly known = new Map<Digest, Promise<Ancestry | null>>();

  constructor(
    private readonly upstream: Upstream,
    private readonly signal: AbortSignal,
  ) {}

  /** Null when one of them cannot be known: the tag could not be read, or its image is not there. */
  async of(images: readonly (Digest | null)[]): Promise<readonly Ancestry[] | null> {
    const read = await Promise.all(
      [...new Set(images)].map((image) => (image ? this.one(image) : Promise.resolve(null))),
    );
    const known = read.filter((ancestry) => ancestry !== null);
    return known.length === read.length ? known : null;
  }

  private one(image: Digest): Promise<Ancestry | null> {
    const begun = this.known.get(image);
    if (begun) return begun;
    const reading = this.limit(async () => {
      const content = (await readImage(this.upstream, image, this.signal))?.content;
      return content?.kind === 'image' ? content.blobs.map((blob) => blob.digest) : null;
    });
    this.known.set(image, reading);
    return reading;
  }
}
