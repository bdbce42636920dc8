import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Caller } from '../identity/caller.js';
import { mayAct } from '../identity/scope.js';
import type { Digest } from '../oci/digest.js';
import { MEDIA_TYPES } from '../oci/media-types.js';
import {
  repositoryNameSchema,
  type Reference,
  type RegistryName,
  type RepositoryName,
} from '../oci/names.js';
import { Registries } from '../registries/registries.js';
import { FrontError } from './front-error.js';
import type { Meant } from './front-registry.js';

const MOST_NAMES = 1000;
const MOST_UPSTREAM_PAGES = 20;

/** What clients read before they delete, passed on from the registry. */
@Injectable()
export class FrontReads {
  constructor(private readonly registries: Registries) {}

  /** The manifest's bytes; HEAD leaves them out. */
  async manifest(
    { registry, repository }: Meant,
    reference: Reference,
    response: Response,
    signal: AbortSignal,
  ): Promise<void> {
    const asked = reference.kind === 'tag' ? reference.tag : reference.digest;
    const manifest = await this.registries.get(registry).readManifest(repository, asked, signal);
    if (!manifest) throw new FrontError(404, 'MANIFEST_UNKNOWN', `There is no manifest ${asked}`);
    response
      .status(200)
      .set('Content-Type', manifest.mediaType)
      .set('Docker-Content-Digest', manifest.digest)
      .set('Content-Length', String(manifest.bytes.byteLength))
      .set('ETag', `"${manifest.digest}"`)
      .end(Buffer.from(manifest.bytes));
  }

  /** Tags in name order, paged by `n` and `last` (OCI distribution spec, "Listing Tags"). */
  async tags(
    { registry, repository }: Meant,
    name: string,
    request: Request,
    response: Response,
    signal: AbortSignal,
  ) {
    const all = [...(await this.registries.get(registry).listTags(repository, signal))].sort();
    if (all.length === 0)
      throw new FrontError(404, 'NAME_UNKNOWN', `There is no repository ${name} with tags`);
    const { items, link } = pageOf(all, request);
    if (link !== null) response.setHeader('Link', link);
    response.json({ name, tags: items });
  }

  /** Names that the caller may see: of one registry as they are, of all of them with the registry in front. */
  async catalog(
    caller: Caller,
    only: RegistryName | null,
    request: Request,
    response: Response,
    signal: AbortSignal,
  ) {
    const names: string[] = [];
    for (const registry of only === null ? this.registries.names() : [only]) {
      const visible = (await this.repositoriesOf(registry, signal)).filter((repository) =>
        mayAct(caller, 'read', registry, repository),
      );
      names.push(...visible.map((repository) => (only === null ? `${registry}/${repository}` : repository)));
    }
    const { items, link } = pageOf(names.sort(), request);
    if (link !== null) response.setHeader('Link', link);
    response.json({ repositories: items });
  }

  async referrers({ registry, repository }: Meant, digest: Digest, response: Response, signal: AbortSignal) {
    const found = await this.registries.get(registry).listReferrers(repository, digest, signal);
    // A 404 sends clients to the fallback tag (OCI distribution spec, "Listing Referrers").
    if (found === null) throw new FrontError(404, 'UNSUPPORTED', 'The registry has no referrers API');
    response.set('Content-Type', MEDIA_TYPES.ociIndex).end(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociIndex,
        manifests: found.map(({ mediaType, digest: of, sizeBytes }) => ({
          mediaType,
          digest: of,
          size: sizeBytes,
        })),
      }),
    );
  }

  private async repositoriesOf(registry: RegistryName, signal: AbortSignal): Promise<RepositoryName[]> {
    const names: RepositoryName[] = [];
    let after: RepositoryName | null = null;
    for (let page = 0; page < MOST_UPSTREAM_PAGES; page += 1) {
      const { items, hasMore } = await this.registries
        .get(registry)
        .listRepositories({ after, limit: MOST_NAMES }, signal);
      names.push(...items);
      after = items.at(-1) ?? after;
      if (!hasMore || items.length === 0) break;
    }
    return names;
  }
}

const pageOf = (sorted: readonly string[], request: Request): { items: string[]; link: string | null } => {
  const query = new URLSearchParams(request.originalUrl.split('?')[1] ?? '');
  const asked = query.get('n');
  if (asked !== null && !/^\d{1,6}$/.test(asked)) {
    throw new FrontError(400, 'UNSUPPORTED', 'n must be a number of entries');
  }
  const n = Math.min(asked === null ? MOST_NAMES : Number(asked), MOST_NAMES);
  const last = query.get('last');
  if (last !== null && !repositoryNameSchema.safeParse(last).success && !/^[\w.-]{1,128}$/.test(last)) {
    throw new FrontError(400, 'UNSUPPORTED', 'last must be the last entry of the page before');
  }
  const rest = last === null ? sorted : sorted.filter((entry) => entry > last);
  const items = rest.slice(0, n);
  const next = items.at(-1);
  return {
    items,
    link:
      next !== undefined && rest.length > items.length
        ? `<${request.path}?n=${n}&last=${next}>; rel="next"`
        : null,
  };
};
