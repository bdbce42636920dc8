import { z } from 'zod';
import { digestSchema } from '../../oci/digest.js';
import { repositoryNameSchema, tagSchema, type RepositoryName, type Tag } from '../../oci/names.js';
import type { UntaggedManifest } from '../registry.js';
import type { Upstream } from '../upstream/upstream.js';
import { pagesOf } from './pages.js';
import { API, artifactsPath, isInProject } from './paths.js';

const repositorySchema = z.object({ name: repositoryNameSchema });

/** Go's zero time stands for "never". */
const pushTimeSchema = z
  .string()
  .transform((text) => new Date(text))
  .transform((time) => (time.getUTCFullYear() > 1 ? time : null));

const untaggedSchema = z.object({
  digest: digestSchema,
  manifest_media_type: z.string(),
  push_time: pushTimeSchema.optional(),
});

const taggedSchema = z.object({
  tags: z.array(z.object({ name: tagSchema, push_time: pushTimeSchema.optional() })).nullish(),
});

/**
 * One page of the repositories that the account may see. Harbor sorts names as its database collates and has no cursor,
 * so every page of its own is read and the `limit` next ones in code unit order are kept: bounded memory, one request
 * for a hundred repositories.
 */
export const listRepositories = async (
  upstream: Upstream,
  page: { after: RepositoryName | null; limit: number },
  signal: AbortSignal,
): Promise<{ items: readonly RepositoryName[]; hasMore: boolean }> => {
  const list = {
    path: `${API}/repositories`,
    query: { sort: 'name' },
    item: repositorySchema,
    repository: null,
    what: 'its repositories',
  };
  let next: readonly RepositoryName[] = [];
  for await (const repositories of pagesOf(upstream, list, signal)) {
    const later = repositories.map(({ name }) => name).filter((name) => name > (page.after ?? ''));
    next = [...new Set([...next, ...later])].sort().slice(0, page.limit + 1);
  }
  return { items: next.slice(0, page.limit), hasMore: next.length > page.limit };
};

/**
 * Artifacts without a tag: Harbor leaves children of indexes and accessories (signatures, SBOMs) out of this list
 * itself (src/pkg/artifact/dao).
 */
export const listUntagged = async (
  upstream: Upstream,
  repository: RepositoryName,
  signal: AbortSignal,
): Promise<readonly UntaggedManifest[]> => {
  if (!isInProject(repository)) return [];
  const list = {
    path: artifactsPath(repository),
    query: { q: 'tags=nil', sort: 'push_time', with_tag: 'false' },
    item: untaggedSchema,
    repository,
    what: `the untagged artifacts of ${repository}`,
  };
  const untagged = new Map<string, UntaggedManifest>();
  for await (const artifacts of pagesOf(upstream, list, signal)) {
    for (const { digest, manifest_media_type: mediaType, push_time: pushedAt } of artifacts) {
      untagged.set(digest, { digest, mediaType, pushedAt: pushedAt ?? null });
    }
  }
  return [...untagged.values()];
};

/** When each tag was pushed. Tags of accessories (`.sig`) are not in this list either, and so not in the answer. */
export const pushTimes = async (
  upstream: Upstream,
  repository: RepositoryName,
  signal: AbortSignal,
): Promise<ReadonlyMap<Tag, Date>> => {
  const times = new Map<Tag, Date>();
  if (!isInProject(repository)) return times;
  const list = {
    path: artifactsPath(repository),
    query: { q: 'tags=*', sort: 'push_time', with_tag: 'true' },
    item: taggedSchema,
    repository,
    what: `the tags of ${repository}`,
  };
  for await (const artifacts of pagesOf(upstream, list, signal)) {
    for (const { name, push_time: pushedAt } of artifacts.flatMap((artifact) => artifact.tags ?? [])) {
      if (pushedAt) times.set(name, pushedAt);
    }
  }
  return times;
};
