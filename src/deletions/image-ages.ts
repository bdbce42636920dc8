import pLimit from 'p-limit';
import { z } from 'zod';
import type { Digest } from '../oci/digest.js';
import type { Manifest } from '../oci/manifest.js';
import type { Age, Candidate } from '../planning/selector.js';
import { AT_ONCE, type Surveyed } from './survey.js';

const MOST_CONFIG_BYTES = 4 * 1024 * 1024;
const configSchema = z.object({ created: z.iso.datetime({ offset: true }) });

/**
 * Each candidate with its age: when its tag was pushed where the registry tells that of every one of them, else when
 * its image was made. Never some so and some so: the two cannot be compared.
 */
export const withAges = async (
  surveyed: Surveyed,
  candidates: readonly Candidate[],
): Promise<readonly Candidate[]> => {
  const { registry, repository, signal } = surveyed;
  const missing = candidates.filter(({ age }) => age === null);
  if (missing.length === 0) return candidates;
  const times = (await registry.pushTimes?.(repository, signal)) ?? null;
  const pushed = candidates.map((candidate): Candidate => {
    const at = candidate.reference.kind === 'tag' ? times?.get(candidate.reference.tag) : undefined;
    return at ? { ...candidate, age: { at, basis: 'pushed' } } : candidate;
  });
  if (pushed.every(({ age }) => age !== null)) return pushed;
  return created(surveyed, candidates);
};

/** An image that several tags name is read once. */
const created = async (
  surveyed: Surveyed,
  candidates: readonly Candidate[],
): Promise<readonly Candidate[]> => {
  const limit = pLimit(AT_ONCE);
  const ages = new Map<Digest, Promise<Age | null>>();
  let done = 0;
  return Promise.all(
    candidates.map(async (candidate) => {
      const { digest } = candidate;
      const age = ages.get(digest) ?? limit(() => createdOf(surveyed, digest, DEEPEST));
      ages.set(digest, age);
      const found = await age;
      done += 1;
      surveyed.tell('ages', done, candidates.length);
      return { ...candidate, age: found };
    }),
  );
};

const DEEPEST = 4;

/** When the image was made; of an index when its newest one was. Null where any of it cannot be told. */
const createdOf = async (surveyed: Surveyed, digest: Digest, depth: number): Promise<Age | null> => {
  const { registry, repository, signal } = surveyed;
  const manifest = await registry.readManifest(repository, digest, signal);
  if (!manifest || depth === 0) return null;
  if (manifest.content.kind !== 'index') return createdInConfig(surveyed, manifest);
  let newest: Age | null = null;
  for (const child of manifest.content.children) {
    const age = await createdOf(surveyed, child.digest, depth - 1);
    if (age === null) return null;
    if (newest === null || age.at > newest.at) newest = age;
  }
  return newest;
};

/** The configuration is the first of a manifest's blobs (OCI image spec, config.md "created"). */
const createdInConfig = async (
  { registry, repository, signal }: Surveyed,
  { content }: Manifest,
): Promise<Age | null> => {
  const config = content.kind === 'image' ? content.blobs[0] : undefined;
  if (!config) return null;
  const bytes = await registry.readBlob(repository, config.digest, MOST_CONFIG_BYTES, signal);
  if (!bytes) return null;
  const parsed = configSchema.safeParse(jsonOrNull(bytes));
  return parsed.success ? { at: new Date(parsed.data.created), basis: 'created' } : null;
};

const jsonOrNull = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return null;
  }
};
