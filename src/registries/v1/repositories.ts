import { z } from 'zod';
import { SextonError } from '../../errors/sexton-error.js';
import { repositoryNameSchema, type RepositoryName } from '../../oci/names.js';
import { parseJson } from '../upstream/json.js';
import type { Upstream } from '../upstream/upstream.js';
import { notWhatWasAsked, unexpectedAnswer } from './errors.js';

const searchSchema = z.object({ results: z.array(z.object({ name: z.string() })) });
const MOST_BYTES = 64 * 1024 * 1024;

interface KnownRepositories {
  /** In name order, each once. */
  readonly names: readonly RepositoryName[];
  /** Names that the distribution spec's grammar does not have; nobody can ask Sexton about them. */
  readonly unnameable: number;
}

/**
 * Every repository that its search index knows: an empty term finds all. Without `search_backend`, the default, there
 * is no such route at all, and whatever answers 404 says so: null.
 */
export const readRepositories = async (
  upstream: Upstream,
  signal: AbortSignal,
): Promise<KnownRepositories | null> => {
  const response = await upstream.ask(
    { method: 'GET', path: '/v1/search?q=', scope: '', mayRepeat: true, mostBytes: MOST_BYTES },
    signal,
  );
  if (response.status === 404) return null;
  if (response.status !== 200) throw unexpectedAnswer(response, upstream.options.name, 'a search');
  const parsed = searchSchema.safeParse(parseJson(response.body));
  if (!parsed.success) throw notWhatWasAsked(upstream.options.name, 'a list to a search');
  const read = parsed.data.results.map(({ name }) => repositoryNameSchema.safeParse(unquoted(name)));
  const names = new Set(read.flatMap((result) => (result.success ? [result.data] : [])));
  return { names: [...names].sort(), unnameable: read.filter((result) => !result.success).length };
};

/** One page of them; `listing_unsupported` where search is off. */
export const listRepositories = async (
  upstream: Upstream,
  { after, limit }: { readonly after: RepositoryName | null; readonly limit: number },
  signal: AbortSignal,
): Promise<{ items: readonly RepositoryName[]; hasMore: boolean }> => {
  const known = await readRepositories(upstream, signal);
  if (!known) {
    throw new SextonError('listing_unsupported', {
      detail: `Registry ${upstream.options.name} has its search switched off`,
    });
  }
  const rest = known.names.filter((name) => after === null || name > after);
  return { items: rest.slice(0, limit), hasMore: rest.length > limit };
};

/**
 * Slashes after the first are percent-quoted, once in what a push records and twice in what it reads from its storage
 * (FACTS §4, driver.filter_args); no repository's name holds a percent sign.
 */
const unquoted = (name: string): string => name.replace(/%(25)*2F/gi, '/');
