import { z } from 'zod';
import { SextonError } from '../../errors/sexton-error.js';
import { repositoryNameSchema, tagSchema, type RepositoryName, type Tag } from '../../oci/names.js';
import { parseJson } from '../upstream/json.js';
import type { UpstreamResponse } from '../upstream/transport.js';
import type { Upstream } from '../upstream/upstream.js';
import { saysAbsent, unexpectedAnswer } from './errors.js';
import { resolve } from './manifests.js';
import { scopeOf } from './paths.js';

/** `tags` is null when there are none (FACTS §1.5). */
const tagsSchema = z.object({ tags: z.array(tagSchema).nullish() });
const catalogSchema = z.object({ repositories: z.array(repositoryNameSchema).nullish() });
const PAGE = 1000;
const MOST_PAGES = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_LISTINGS = 5;

/** Every tag, each once; listed again while tags go from under it, since a page then may have left one out. */
export const listTags = async (
  upstream: Upstream,
  repository: RepositoryName,
  signal: AbortSignal,
): Promise<readonly Tag[]> => {
  const dangling = new Set<Tag>();
  for (let listing = 0; listing < MOST_LISTINGS; listing += 1) {
    const tags = await listOnce(upstream, repository, dangling, signal);
    if (tags !== null) return tags;
  }
  throw new SextonError('upstream_unavailable', {
    detail: `The tags of ${repository} at registry ${upstream.options.name} change faster than they can be listed`,
  });
};

/**
 * v2.8 ignores `n`, v3 pages with a relative Link: pages end where no Link says otherwise. Null where the tag after which
 * a page begins is gone once the page is there: v3.0.0 then leaves a living tag out (FACTS §1.5), and a tag that nobody
 * sees would go with its digest. One that resolves to nothing and is listed again all the same is in `dangling`.
 */
const listOnce = async (
  upstream: Upstream,
  repository: RepositoryName,
  dangling: Set<Tag>,
  signal: AbortSignal,
): Promise<readonly Tag[] | null> => {
  const tags = new Set<Tag>();
  const scope = scopeOf(repository, 'pull,delete');
  let path: string | null = `/v2/${repository}/tags/list?n=${PAGE}`;
  for (let page = 0; path !== null; page += 1) {
    if (page === MOST_PAGES) throw endless(upstream, repository);
    const response: UpstreamResponse = await upstream.ask(
      { method: 'GET', path, scope, mayRepeat: true, mostBytes: MOST_BYTES },
      signal,
    );
    // A later page that is not there leaves a list in part; the first one says that there is none.
    if (saysAbsent(response)) return page === 0 ? [] : null;
    if (response.status !== 200) {
      throw unexpectedAnswer(response, upstream.options.name, `the tags of ${repository}`);
    }
    const parsed = tagsSchema.safeParse(parseJson(response.body));
    if (!parsed.success) throw notAList(upstream, `the tags of ${repository}`);
    for (const tag of parsed.data.tags ?? []) tags.add(tag);
    const cursor = tagSchema.safeParse(new URLSearchParams(path.split('?')[1]).get('last'));
    if (cursor.success && !dangling.has(cursor.data)) {
      if ((await resolve(upstream, repository, cursor.data, signal)) === null) {
        dangling.add(cursor.data);
        return null;
      }
    }
    path = nextPath(response, upstream, path);
  }
  return [...tags];
};

/** Whether its tags can be asked for: no `NAME_UNKNOWN`, which is also the answer where no tag was ever pushed. */
export const hasRepository = async (
  upstream: Upstream,
  repository: RepositoryName,
  signal: AbortSignal,
): Promise<boolean> => {
  const path = `/v2/${repository}/tags/list?n=1`;
  const scope = scopeOf(repository, 'pull,delete');
  const response = await upstream.ask(
    { method: 'GET', path, scope, mayRepeat: true, mostBytes: MOST_BYTES },
    signal,
  );
  if (saysAbsent(response)) return false;
  if (response.status === 200) return true;
  throw unexpectedAnswer(response, upstream.options.name, `the tags of ${repository}`);
};

/** One page of `_catalog`, which needs the scope `registry:catalog:*`. */
export const listRepositories = async (
  upstream: Upstream,
  page: { after: RepositoryName | null; limit: number },
  signal: AbortSignal,
): Promise<{ items: readonly RepositoryName[]; hasMore: boolean }> => {
  const query = new URLSearchParams({ n: String(Math.min(page.limit, 1000)) });
  if (page.after !== null) query.set('last', page.after);
  const path = `/v2/_catalog?${query.toString()}`;
  const response = await upstream.ask(
    { method: 'GET', path, scope: 'registry:catalog:*', mayRepeat: true, mostBytes: MOST_BYTES },
    signal,
  );
  if (response.status !== 200) throw unexpectedAnswer(response, upstream.options.name, 'its catalog');
  const parsed = catalogSchema.safeParse(parseJson(response.body));
  if (!parsed.success) throw notAList(upstream, 'its catalog');
  return { items: parsed.data.repositories ?? [], hasMore: nextPath(response, upstream, path) !== null };
};

/**
 * The path of `Link: <…>; rel="next"` (RFC 8288), which is relative on some registries and absolute on others. A link
 * to another origin, or to the same page again, is refused: it would send credentials away, or never end.
 */
const nextPath = (response: UpstreamResponse, upstream: Upstream, current: string): string | null => {
  const match = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(response.header('link') ?? '');
  if (!match) return null;
  const base = new URL(upstream.options.url);
  const next = new URL(match[1] ?? '', `${upstream.options.url}${current}`);
  const prefix = base.pathname.replace(/\/$/, '');
  const path = `${next.pathname.startsWith(`${prefix}/v2/`) ? next.pathname.slice(prefix.length) : next.pathname}${next.search}`;
  if (next.origin !== base.origin || path === current || !path.startsWith('/v2/')) {
    throw new SextonError('upstream_protocol_error', {
      detail: `Registry ${upstream.options.name} sent a Link that does not lead to a next page of its own`,
    });
  }
  return path;
};

const notAList = (upstream: Upstream, what: string): SextonError =>
  new SextonError('upstream_protocol_error', {
    detail: `Registry ${upstream.options.name} answered something else than a list to ${what}`,
  });

const endless = (upstream: Upstream, repository: string): SextonError =>
  new SextonError('upstream_protocol_error', {
    detail: `Registry ${upstream.options.name} does not come to an end of the tags of ${repository}`,
  });
