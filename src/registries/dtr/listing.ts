import { z } from 'zod';
import { SextonError } from '../../errors/sexton-error.js';
import { repositoryNameSchema, tagSchema, type RepositoryName, type Tag } from '../../oci/names.js';
import { unexpectedAnswer } from '../v2/errors.js';
import { parseJson } from '../upstream/json.js';
import type { Upstream } from '../upstream/upstream.js';
import { askApi, saysNoSuch } from './api.js';
import { REPOSITORIES, tagsPath } from './paths.js';

/** A list without entries may be `null`, as Go writes it. */
const tagsSchema = z.array(z.object({ name: tagSchema, digest: z.string().optional() })).nullable();
const repositoriesSchema = z.object({
  repositories: z.array(z.object({ namespace: z.string(), name: z.string() })).nullable(),
});

const PAGE = 100;
const MOST_PAGES = 10_000;

/** Every tag, each once, of a repository that need not exist. */
export const listTags = async (
  api: Upstream,
  repository: RepositoryName,
  signal: AbortSignal,
): Promise<readonly Tag[]> => [...(await readTags(api, repository, signal)).keys()];

/** Whether there is a list of its tags, if an empty one. */
export const hasRepository = async (
  api: Upstream,
  repository: RepositoryName,
  signal: AbortSignal,
): Promise<boolean> => {
  const what = `the tags of ${repository}`;
  const first = await pages(api, tagsPath(repository), tagsSchema, what, signal).next();
  return first.done !== true;
};

/**
 * Each tag with the digests in its records. A tag of an index may have one record for each platform, with the digest
 * of that child (FACTS §2.3): what a tag really points at is for `resolve` to say.
 */
export const readTags = async (
  api: Upstream,
  repository: RepositoryName,
  signal: AbortSignal,
): Promise<ReadonlyMap<Tag, ReadonlySet<string>>> => {
  const tags = new Map<Tag, Set<string>>();
  for await (const page of pages(
    api,
    tagsPath(repository),
    tagsSchema,
    `the tags of ${repository}`,
    signal,
  )) {
    for (const { name, digest } of page ?? []) {
      const digests = tags.get(name) ?? new Set();
      tags.set(name, digest === undefined ? digests : digests.add(digest));
    }
  }
  return tags;
};

/**
 * Repositories that the account may see. The registry has them in an order of its own and names no place to start
 * from (FACTS §2.5): all are read, and sorted here. One whose name no reference could hold is left out.
 */
export const listRepositories = async (
  api: Upstream,
  { after, limit }: { after: RepositoryName | null; limit: number },
  signal: AbortSignal,
): Promise<{ items: readonly RepositoryName[]; hasMore: boolean }> => {
  const names = new Set<RepositoryName>();
  for await (const page of pages(api, REPOSITORIES, repositoriesSchema, 'its repositories', signal)) {
    for (const { namespace, name } of page.repositories ?? []) {
      const parsed = repositoryNameSchema.safeParse(`${namespace}/${name}`);
      if (parsed.success && (after === null || parsed.data > after)) names.add(parsed.data);
    }
  }
  const sorted = [...names].sort();
  return { items: sorted.slice(0, limit), hasMore: sorted.length > limit };
};

/** Some repository that the account may see, to try things on. */
export const anyRepository = async (api: Upstream, signal: AbortSignal): Promise<RepositoryName | null> => {
  const { items } = await listRepositories(api, { after: null, limit: 1 }, signal);
  return items[0] ?? null;
};

/** The pages of a list, until one names no next (FACTS §2.5); none for a repository that is not there. */
async function* pages<T>(
  api: Upstream,
  path: string,
  schema: z.ZodType<T>,
  what: string,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const seen = new Set<string>();
  const query = new URLSearchParams({ pageSize: String(PAGE) });
  for (;;) {
    const response = await askApi(api, 'GET', `${path}?${query.toString()}`, signal);
    if (saysNoSuch(response, 'repository')) return;
    if (response.status !== 200) throw unexpectedAnswer(response, api.options.name, what);
    const page = schema.safeParse(parseJson(response.body));
    if (!page.success) throw notItsProtocol(api, `answered something else than a list to ${what}`);
    yield page.data;
    const next = response.header('x-next-page-start') ?? '';
    if (next === '') return;
    if (seen.has(next) || seen.size === MOST_PAGES) {
      throw notItsProtocol(api, `does not come to an end of ${what}`);
    }
    seen.add(next);
    query.set('pageStart', next);
  }
}

const notItsProtocol = (api: Upstream, what: string): SextonError =>
  new SextonError('upstream_protocol_error', { detail: `Registry ${api.options.name} ${what}` });
