import type { Digest } from '../../../oci/digest.js';
import type { BatchHead } from '../entries.js';
import type { CollectionFault } from '../fault.js';
import type { JournalEntry, QuarantineEntry } from '../journal.js';
import type { CollectRules } from '../survey.js';
import type { Candidates, Surveyor } from '../surveyor.js';
import type { Storage } from '../../../storage/storage.js';
import type { Finding, Summary } from '../report.js';
import { MOST_PATHS, type DescribedLook, type Explanation, type ReferencePath } from '../described-look.js';
import { isReadable } from './ancestries.js';
import { follow } from './follow.js';
import { readImageFolder, type ImageFolder } from './image-folder.js';
import { readV1Tags } from './read-tags.js';
import { listImages, surveyImages, type ImagesFound } from './survey-images.js';

const LARGEST = 10;
const BECAUSE = 'image_unreferenced';

const bytesOf = (folders: readonly ImageFolder[]): number =>
  folders.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** What of the old Python registry's images may go: those that no tag of any repository leads to. */
export class ImagesLook implements DescribedLook {
  constructor(
    private readonly found: ImagesFound,
    private readonly storage: Storage,
    private readonly now: () => number,
    private readonly graceMs: number,
  ) {}

  get blocked(): string | null {
    return this.found.blocked;
  }

  get faults(): readonly CollectionFault[] {
    return this.found.faults;
  }

  batches(size: number): readonly Candidates[] {
    const { orphans } = this.found;
    const batches: Candidates[] = [];
    for (let i = 0; i < orphans.length; i += size) {
      const part = orphans.slice(i, i + size);
      batches.push({ count: part.length, entries: (head) => this.#entries(head, part) });
    }
    return batches;
  }

  /** Where a push has brought all of it again, what waits is an old copy. */
  needs({ digest }: JournalEntry): boolean {
    return this.found.living.has(digest) && !this.found.whole.has(digest);
  }

  summary(): Summary {
    const { orphans, tags, images, young, kept, blocked, faults } = this.found;
    const garbage = { count: orphans.length, bytes: bytesOf(orphans) };
    return {
      repositories: tags.repositories.length,
      manifests: images.size,
      garbage,
      reasons: garbage.count === 0 ? {} : { [BECAUSE]: garbage },
      young,
      keptInDoubt: kept,
      blocked,
      faults: faults.length,
    };
  }

  *findings(): Generator<Finding> {
    for (const { path, problem, repository, undecided } of this.faults) {
      yield { kind: 'fault', path, problem, repository, undecided };
    }
    for (const { image, sizeBytes } of this.found.orphans) {
      yield { kind: 'blob', digest: image, sizeBytes, because: BECAUSE, repositories: [] };
    }
    const largest = this.found.tags.repositories
      .map((repository) => ({ repository, liveBytes: this.#bytesOf(repository), garbageBytes: 0 }))
      .sort((a, b) => b.liveBytes - a.liveBytes)
      .slice(0, LARGEST);
    for (const each of largest) yield { kind: 'repository', ...each };
  }

  async explain(digest: Digest, maySee: (repository: string) => boolean): Promise<Explanation | null> {
    const folder = await readImageFolder(this.storage, digest);
    if (folder === null) return null;
    const { sizeBytes } = folder;
    const { living, orphans, blocked } = this.found;
    const none = { sizeBytes, because: null, paths: [] };
    if (living.has(digest))
      return { ...none, standing: 'needed', paths: await this.#pathsTo(digest, maySee) };
    if (orphans.some(({ image }) => image === digest)) {
      return { ...none, standing: 'garbage', because: BECAUSE };
    }
    const doubt = this.faults.find(({ path }) => path.includes(digest.slice(digest.indexOf(':') + 1)));
    const because = blocked ?? (doubt ? `${doubt.path} ${doubt.problem}` : null);
    return { ...none, standing: because === null ? 'too_young' : 'kept_in_doubt', because };
  }

  /** Looks once more, just before they move, at all that could have come since: tags, pushes, changes of the images. */
  async #entries(head: BatchHead, orphans: readonly ImageFolder[]): Promise<readonly QuarantineEntry[]> {
    const doubts: CollectionFault[] = [];
    const { ancestries, images } = this.found;
    const now = await listImages(this.storage, []);
    const tags = await readV1Tags(this.storage, (path, problem) =>
      doubts.push({ path, problem, repository: null, undecided: 'everything' }),
    );
    const roots = [...tags.tags.map(({ image }) => image), ...[...now].filter((image) => !images.has(image))];
    const needed = await follow(ancestries, roots, (image) => now.has(image));
    if (doubts.length + needed.faults.length > 0) return [];
    const entries: QuarantineEntry[] = [];
    for (const { image } of orphans) {
      const folder = needed.images.has(image) ? null : await readImageFolder(this.storage, image);
      if (folder === null || folder.isInProgress || folder.oddPath !== null) continue;
      if (!(folder.modifiedMs <= this.now() - this.graceMs)) continue;
      entries.push({
        ...head,
        item: entries.length,
        digest: image,
        repository: null,
        because: BECAUSE,
        sizeBytes: folder.sizeBytes,
        files: folder.files,
        emptyFolders: [],
      });
    }
    return entries;
  }

  #bytesOf(repository: string): number {
    const { tags, whole, ancestries } = this.found;
    const needed = new Set<Digest>();
    for (const tag of tags.tags) {
      if (tag.repository !== repository) continue;
      for (const image of ancestries.known(tag.image)) needed.add(image);
    }
    return [...needed].reduce((sum, image) => sum + (whole.get(image) ?? 0), 0);
  }

  async #pathsTo(image: Digest, maySee: (repository: string) => boolean): Promise<ReferencePath[]> {
    const paths: ReferencePath[] = [];
    const seen = new Set<string>();
    for (const { repository, tag, image: top } of this.found.tags.tags) {
      if (paths.length === MOST_PATHS) break;
      if (seen.has(repository) || !maySee(repository)) continue;
      const [ancestry = null] = await this.found.ancestries.of([top]);
      if (!isReadable(ancestry) || !ancestry.includes(image)) continue;
      seen.add(repository);
      const steps = ancestry.slice(0, ancestry.indexOf(image) + 1);
      paths.push({
        repository,
        tag,
        steps: steps.map((digest, i) => ({ digest, role: i === 0 ? 'manifest' : 'parent' })),
      });
    }
    return paths;
  }
}

/** Surveys the old registry's files in `storage`. */
export const v1SurveyorOf = (storage: Storage, now: () => number): Surveyor<ImagesLook> => ({
  storage,
  now,
  look: async ({ graceMs }: CollectRules, { signal } = {}) => {
    const found = await surveyImages(storage, { nowMs: now(), graceMs });
    signal?.throwIfAborted();
    return new ImagesLook(found, storage, now, graceMs);
  },
});
