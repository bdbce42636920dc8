import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { z } from 'zod';
import { SextonError } from '../errors/sexton-error.js';
import { pagingOf } from '../http/cursor.js';
import type { Caller } from '../identity/caller.js';
import { mayAct, maySeeRegistry } from '../identity/scope.js';
import {
  parseRegistryName,
  registryNameSchema,
  repositoryNameSchema,
  tagSchema,
  type RepositoryName,
} from '../oci/names.js';
import { WorkStops } from '../pause/stops.js';
import { registryWaitingView } from '../pause/waiting-view.js';
import { Registries } from '../registries/registries.js';
import type { Capabilities, Registry } from '../registries/registry.js';
import type {
  PageQuery,
  RegistryStatusView,
  RepositoryListView,
  TagListView,
  TagsQuery,
} from './catalog.dto.js';

const repositoryCursor = z.object({ after: repositoryNameSchema });
const tagCursor = z.object({ after: tagSchema });

/** How many pages of the registry's catalog are read for one page of ours, when scopes leave most of them out. */
const MOST_UPSTREAM_PAGES = 20;
const RESOLVES_AT_ONCE = 8;

/** What the configured registries are and hold, as far as the caller may see. Nothing here changes anything. */
@Injectable()
export class CatalogService {
  constructor(
    private readonly registries: Registries,
    private readonly stops: WorkStops,
  ) {}

  /** Every registry the caller may use, with what a probe found; one that does not answer is listed with why. */
  async listRegistries(caller: Caller, signal: AbortSignal): Promise<RegistryStatusView[]> {
    const visible = this.registries.names().filter((name) => maySeeRegistry(caller, name));
    const stops = await this.stops.look();
    return Promise.all(
      visible.map(async (name) => ({
        ...(await this.status(this.registries.get(name), signal)),
        waiting: registryWaitingView(stops.ofRegistry(name)),
      })),
    );
  }

  async listRepositories(
    caller: Caller,
    registryName: string,
    query: PageQuery,
    signal: AbortSignal,
  ): Promise<RepositoryListView> {
    const registry = this.visibleRegistry(caller, registryName);
    const items: { name: string }[] = [];
    const paging = pagingOf(`registries/${registry.name}/repositories`, query, repositoryCursor);
    let after: RepositoryName | null = paging.position?.after ?? null;
    for (let page = 0; page < MOST_UPSTREAM_PAGES; page += 1) {
      const upstream = await registry.listRepositories({ after, limit: query.limit }, signal);
      for (const name of upstream.items) {
        after = name;
        if (!mayAct(caller, 'read', registry.name, name)) continue;
        items.push({ name });
        if (items.length === query.limit) break;
      }
      const isLast = !upstream.hasMore && after === (upstream.items.at(-1) ?? after);
      if (isLast) return { items, nextCursor: null };
      if (items.length === query.limit) break;
    }
    return { items, nextCursor: after === null ? null : paging.cursorAfter({ after }) };
  }

  /** Tags in name order, each with what it points at now. */
  async listTags(
    caller: Caller,
    registryName: string,
    query: TagsQuery,
    signal: AbortSignal,
  ): Promise<TagListView> {
    const registry = this.visibleRegistry(caller, registryName);
    const repository = this.registries.canonicalName(registry.name, query.repository);
    if (!mayAct(caller, 'read', registry.name, repository)) {
      throw new SextonError('not_found', { detail: `There is no repository ${repository} that you may see` });
    }
    const paging = pagingOf(`registries/${registry.name}/tags`, { ...query, repository }, tagCursor);
    const after = paging.position?.after ?? '';
    const all = [...(await registry.listTags(repository, signal))].sort();
    if (all.length === 0 && !(await registry.hasRepository(repository, signal))) {
      throw new SextonError('not_found', {
        detail: `Registry ${registry.name} has no repository ${repository}, or none that ever had a tag`,
      });
    }
    const rest = all.filter((tag) => tag > after);
    const page = rest.slice(0, query.limit);
    const limit = pLimit(RESOLVES_AT_ONCE);
    const items = await Promise.all(
      page.map((tag) =>
        limit(async () => {
          const resolved = await registry.resolve(repository, tag, signal);
          return { name: tag, digest: resolved?.digest ?? null, mediaType: resolved?.mediaType ?? null };
        }),
      ),
    );
    const last = page.at(-1);
    const hasMore = last !== undefined && rest.length > page.length;
    return { items, nextCursor: hasMore ? paging.cursorAfter({ after: last }) : null };
  }

  private visibleRegistry(caller: Caller, text: string): Registry {
    const name = registryNameSchema.safeParse(text);
    if (!name.success || !this.registries.has(name.data) || !maySeeRegistry(caller, name.data)) {
      throw new SextonError('unknown_registry', {
        detail: `There is no registry named ${text.slice(0, 64)}`,
      });
    }
    return this.registries.get(parseRegistryName(name.data));
  }

  private async status(
    registry: Registry,
    signal: AbortSignal,
  ): Promise<Omit<RegistryStatusView, 'waiting'>> {
    const about = { name: registry.name, type: registry.type, checkedAt: new Date().toISOString() };
    try {
      return { ...about, reachable: true, capabilities: await registry.probe(null, signal), problem: null };
    } catch (error) {
      if (!(error instanceof SextonError)) throw error;
      const problem = { code: error.code, message: `${error.message}. ${error.hint}` };
      return { ...about, reachable: false, capabilities: UNKNOWN, problem };
    }
  }
}

const UNKNOWN: Capabilities = {
  deletes: 'manifests',
  deletion: 'unknown',
  untag: 'none',
  referrersApi: false,
  listsUntagged: false,
};
