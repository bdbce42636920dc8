import { isIndexType } from '../../../oci/media-types.js';
import type { RepositoryName } from '../../../oci/names.js';
import type { Registry } from '../../../registries/registry.js';

const PAGE = 100;

/** A tag that points at an index or manifest list, as `repository:tag`; null where the registry has none. */
export const findTaggedIndex = async (registry: Registry, signal: AbortSignal): Promise<string | null> => {
  let after: RepositoryName | null = null;
  for (;;) {
    const page: { items: readonly RepositoryName[]; hasMore: boolean } = await registry.listRepositories(
      { after, limit: PAGE },
      signal,
    );
    for (const repository of page.items) {
      for (const tag of await registry.listTags(repository, signal)) {
        const resolved = await registry.resolve(repository, tag, signal);
        if (resolved && isIndexType(resolved.mediaType)) return `${repository}:${tag}`;
      }
    }
    after = page.items.at(-1) ?? null;
    if (!page.hasMore || after === null) return null;
  }
};
