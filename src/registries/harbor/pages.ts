import { z } from 'zod';
import { SextonError } from '../../errors/sexton-error.js';
import type { RepositoryName } from '../../oci/names.js';
import { saysAbsent } from '../v2/errors.js';
import type { UpstreamResponse } from '../upstream/transport.js';
import type { Upstream } from '../upstream/upstream.js';
import { askApi, parseAnswer } from './ask.js';

/** Harbor's largest `page_size` (FACTS §3). */
const PAGE_SIZE = 100;
const MOST_PAGES = 10_000;

/**
 * A list of Harbor's API, page by page; nothing where what is listed does not exist. The end is known by the count in
 * `X-Total-Count`, not by a short page: older versions leave hidden artifacts out after they cut the pages. The Link
 * header is not followed, so that no answer can send the credentials elsewhere.
 */
export async function* pagesOf<T>(
  upstream: Upstream,
  list: {
    readonly path: string;
    readonly query: Readonly<Record<string, string>>;
    readonly item: z.ZodType<T>;
    readonly repository: RepositoryName | null;
    readonly what: string;
  },
  signal: AbortSignal,
): AsyncGenerator<readonly T[], void, undefined> {
  const schema = z.array(list.item).nullable();
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const query = new URLSearchParams({
      ...list.query,
      page: String(page),
      page_size: String(PAGE_SIZE),
    });
    const path = `${list.path}?${query.toString()}`;
    const response = await askApi(upstream, 'GET', path, list.repository, signal);
    if (saysAbsent(response)) return;
    const items = parseAnswer(upstream, response, schema, list.what) ?? [];
    if (items.length === 0) return;
    yield items;
    if (page * PAGE_SIZE >= totalOf(response)) return;
  }
  throw new SextonError('upstream_protocol_error', {
    detail: `Registry ${upstream.options.name} does not come to an end of ${list.what}`,
  });
}

/** Infinity where a proxy took the header away: then an empty page is the end. */
const totalOf = (response: UpstreamResponse): number => {
  const text = response.header('x-total-count') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : Infinity;
};
