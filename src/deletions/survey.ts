import pLimit from 'p-limit';
import { SextonError } from '../errors/sexton-error.js';
import type { Digest } from '../oci/digest.js';
import type { Descriptor, Manifest } from '../oci/manifest.js';
import type { RepositoryName, Tag } from '../oci/names.js';
import type { Missing } from '../planning/missing.js';
import { EMPTY_SNAPSHOT, type RepositorySnapshot } from '../planning/snapshot.js';
import type { Registry, ResolvedManifest } from '../registries/registry.js';
import type { TellProgress } from './plan-progress.js';

/** Questions in flight to one registry for one repository. */
export const AT_ONCE = 8;
/** Indexes nested deeper than this are nobody's images; whoever made them wants us to read for ever. */
const DEEPEST = 64;

/** One repository of one registry, asked until `signal` is aborted. */
export interface Surveyed {
  readonly registry: Registry;
  readonly repository: RepositoryName;
  readonly signal: AbortSignal;
  readonly tell: TellProgress;
}

/** Every tag, and what it points at now; with the manifests of those in `toRead`. */
export const surveyTags = async (
  { registry, repository, signal, tell }: Surveyed,
  toRead: ReadonlySet<string> = new Set(),
): Promise<RepositorySnapshot> => {
  const limit = pLimit(AT_ONCE);
  const tags = new Map<Tag, ResolvedManifest>();
  const manifests = new Map<Digest, Manifest>();
  const danglingTags = new Set<Tag>();
  const names = await registry.listTags(repository, signal);
  await Promise.all(
    names.map((tag) =>
      limit(async () => {
        const manifest = toRead.has(tag) ? await registry.readManifest(repository, tag, signal) : null;
        if (manifest) manifests.set(manifest.digest, manifest);
        const resolved = manifest ?? (await registry.resolve(repository, tag, signal));
        if (resolved) tags.set(tag, { digest: resolved.digest, mediaType: resolved.mediaType });
        else danglingTags.add(tag);
        tell('tags', tags.size + danglingTags.size, names.length);
      }),
    ),
  );
  return { ...EMPTY_SNAPSHOT, tags, danglingTags, manifests };
};

/** Reads what is missing until nothing is; each round knows more than the one before. */
export const complete = async (
  { registry, repository, signal, tell }: Surveyed,
  snapshot: RepositorySnapshot,
  missing: (known: RepositorySnapshot) => Missing,
): Promise<RepositorySnapshot> => {
  const limit = pLimit(AT_ONCE);
  let known = snapshot;
  let asked = 0;
  let answered = 0;
  for (let round = 0; round < DEEPEST; round += 1) {
    const { read, referrersOf } = missing(known);
    if (read.length === 0 && referrersOf.length === 0) return known;
    asked += read.length + referrersOf.length;
    const manifests = new Map<Digest, Manifest>(known.manifests);
    const absent = new Set(known.absent);
    const referrers = new Map<Digest, readonly Descriptor[]>(known.referrers);
    const one = (ask: () => Promise<void>): Promise<void> =>
      limit(async () => {
        await ask();
        answered += 1;
        tell('manifests', answered, asked);
      });
    await Promise.all([
      ...read.map((digest) =>
        one(async () => {
          const manifest = await registry.readManifest(repository, digest, signal);
          if (manifest) manifests.set(digest, manifest);
          else absent.add(digest);
        }),
      ),
      ...referrersOf.map((digest) =>
        one(async () => {
          referrers.set(digest, (await registry.listReferrers(repository, digest, signal)) ?? []);
        }),
      ),
    ]);
    known = { ...known, manifests, absent, referrers };
  }
  throw new SextonError('unreadable_manifest', {
    detail: `Indexes in ${repository} are nested more than ${DEEPEST} deep`,
  });
};
