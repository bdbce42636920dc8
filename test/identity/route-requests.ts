import { pushImage } from '../../tools/images.js';
import type { RegistryServer } from '../../tools/registry-server.js';
import type { TestGateway } from '../support/gateway.js';

/** Something in the caller's scope, or out of it. */
export interface Place {
  readonly registry: string;
  readonly repository: string;
  /** A registry in which the caller has something, or nothing. */
  readonly otherRegistry: string;
  /** A deletion that an admin asked for there, and cancelled. */
  readonly deletion: string;
}

export interface Asked {
  readonly path: string;
  readonly body?: object;
  /** What a list shows, or hides. */
  readonly shows?: string;
}

/** Both places, and how to make in them what a request needs. */
export class RouteWorld {
  private constructor(
    private readonly gateway: TestGateway,
    readonly inScope: Place,
    readonly outOfScope: Place,
  ) {}

  static async build(gateway: TestGateway, registry: RegistryServer): Promise<RouteWorld> {
    const place = async (repository: string, otherRegistry: string): Promise<Place> => {
      await pushImage({ registryUrl: registry.url, repository }, { tags: ['v1'], content: repository });
      const deletion = await aDryRun(gateway, repository);
      await gateway.api().post(`/v1/deletions/${deletion}/cancel`).send({ reason: 'a test' }).expect(200);
      return { registry: 'prod', repository, otherRegistry, deletion };
    };
    return new RouteWorld(gateway, await place('team-a/app', 'prod'), await place('team-b/app', 'other'));
  }

  /** A deletion that may be cancelled. */
  dryRun({ repository }: Place): Promise<string> {
    return aDryRun(this.gateway, repository);
  }

  async key(): Promise<string> {
    const made = await this.gateway.api().post('/v1/api-keys').send({ name: 'a key', role: 'auditor' });
    return (made.body as { id: string }).id;
  }
}

const aDryRun = async (gateway: TestGateway, repository: string): Promise<string> => {
  const asked = await gateway
    .api()
    .post('/v1/deletions')
    .send({ registry: 'prod', repository, references: ['v1'], reason: 'a test', dryRun: true })
    .expect(202);
  return (asked.body as { id: string }).id;
};

type Ask = (world: RouteWorld, place: Place) => Asked | Promise<Asked>;

const REASON = { reason: 'a test' };

/** How to ask for each row of the table; what is not here is asked for as it stands. */
export const REQUESTS: Readonly<Record<string, Ask>> = {
  'POST /v1/deletions': (_, { registry, repository }) => ({
    path: '/v1/deletions',
    body: { registry, repository, references: ['v1'], dryRun: true, ...REASON },
  }),
  'GET /v1/deletions': (_, { deletion }) => ({ path: '/v1/deletions?limit=200', shows: deletion }),
  'GET /v1/deletions/{id}': (_, { deletion }) => ({ path: `/v1/deletions/${deletion}` }),
  'GET /v1/deletions/{id}/events': (_, { deletion }) => ({ path: `/v1/deletions/${deletion}/events` }),
  'POST /v1/deletions/{id}/cancel': async (world, place) => ({
    path: `/v1/deletions/${await world.dryRun(place)}/cancel`,
    body: REASON,
  }),
  'POST /v1/deletions/{id}/execute': (_, { deletion }) => ({ path: `/v1/deletions/${deletion}/execute` }),
  'POST /v1/deletions/{id}/restore': (_, { deletion }) => ({
    path: `/v1/deletions/${deletion}/restore`,
    body: REASON,
  }),
  'GET /v1/registries': (_, { otherRegistry }) => ({
    path: '/v1/registries',
    shows: `"name":"${otherRegistry}"`,
  }),
  'GET /v1/registries/{registry}/repositories': (_, { repository }) => ({
    path: '/v1/registries/prod/repositories',
    shows: repository,
  }),
  'GET /v1/registries/{registry}/repositories — of another registry': (_, { otherRegistry }) => ({
    path: `/v1/registries/${otherRegistry}/repositories`,
  }),
  'GET /v1/registries/{registry}/tags': (_, { registry, repository }) => ({
    path: `/v1/registries/${registry}/tags?repository=${repository}`,
  }),
  'GET /v1/audit/events': (_, { deletion }) => ({
    path: `/v1/audit/events?deletion=${deletion}`,
    shows: deletion,
  }),
  'POST /v1/api-keys': () => ({ path: '/v1/api-keys', body: { name: 'a key', role: 'auditor' } }),
  'POST /v1/api-keys/{id}/rotate': async (world) => ({ path: `/v1/api-keys/${await world.key()}/rotate` }),
  'DELETE /v1/api-keys/{id}': async (world) => ({ path: `/v1/api-keys/${await world.key()}` }),

  'GET /v2/_catalog': (_, { repository }) => ({ path: '/v2/_catalog', shows: repository }),
  'GET /v2/{name}/tags/list': (_, { repository }) => ({ path: `/v2/prod/${repository}/tags/list` }),
  'GET /v2/{name}/manifests/{reference}': (_, { repository }) => ({
    path: `/v2/prod/${repository}/manifests/v1`,
  }),
  'DELETE /v2/{name}/manifests/{reference}': (_, { repository }) => ({
    path: `/v2/prod/${repository}/manifests/nothing`,
  }),
  'DELETE /api/v0/repositories/{name}/manifests/{reference}': (_, { repository }) => ({
    path: `/api/v0/repositories/${repository}/manifests/nothing`,
  }),
  'POST /v2/{name}/blobs/uploads/': (_, { repository }) => ({
    path: `/v2/prod/${repository}/blobs/uploads/`,
  }),
};
