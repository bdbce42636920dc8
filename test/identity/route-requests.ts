import { ulid } from 'ulid';
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
  /** A collection of `otherRegistry`, likewise. */
  readonly collection: string;
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
    private readonly registryUrl: string,
    private readonly stranger: string,
  ) {}

  /** `stranger`: a credential of somebody else, who may ask for deletions in both places. */
  static async build(gateway: TestGateway, registry: RegistryServer, stranger: string): Promise<RouteWorld> {
    const place = async (repository: string, otherRegistry: string): Promise<Place> => {
      await pushImage({ registryUrl: registry.url, repository }, { tags: ['v1'], content: repository });
      const deletion = await aDryRun(gateway, repository);
      await gateway.api().post(`/v1/deletions/${deletion}/cancel`).send({ reason: 'a test' }).expect(200);
      const collection = await aCancelledCollection(gateway, otherRegistry);
      return { registry: 'prod', repository, otherRegistry, deletion, collection };
    };
    return new RouteWorld(
      gateway,
      await place('team-a/app', 'prod'),
      await place('team-b/app', 'other'),
      registry.url,
      stranger,
    );
  }

  /** A deletion that may be cancelled. */
  dryRun({ repository }: Place): Promise<string> {
    return aDryRun(this.gateway, repository);
  }

  /** A collection that waits for its window. */
  collection({ otherRegistry }: Place): Promise<string> {
    return aCollection(this.gateway, otherRegistry);
  }

  cancelledCollection({ otherRegistry }: Place): Promise<string> {
    return aCancelledCollection(this.gateway, otherRegistry);
  }

  /** A deletion that somebody else asked for, and that waits for approval. */
  async awaiting({ registry, repository }: Place): Promise<string> {
    // Once approved, it goes.
    const at = { registryUrl: this.registryUrl, repository };
    await pushImage(at, { tags: ['await-me'], content: `${repository} await-me` });
    const body = { registry, repository, references: ['await-me'], ...REASON };
    return idOf(await this.gateway.api(this.stranger).post('/v1/deletions').send(body).expect(202));
  }

  async hold({ registry, repository }: Place, legal = false): Promise<string> {
    const body = { registry, repository, tags: 'held-*', legal, ...REASON };
    return idOf(await this.gateway.api().post('/v1/holds').send(body).expect(201));
  }

  async pause({ otherRegistry }: Place): Promise<string> {
    const body = { registry: otherRegistry, ...REASON };
    return idOf(await this.gateway.api().post('/v1/pauses').send(body).expect(201));
  }

  /** One that is off. */
  async webhook(): Promise<string> {
    return idOf(await this.gateway.api().post('/v1/webhooks').send(A_WEBHOOK).expect(201));
  }

  /** The path of a notice that was given up. */
  async deadDelivery(): Promise<string> {
    const webhook = await this.webhook();
    const id = `msg_${ulid()}`;
    const about = { sequence: 1, type: 'deletion.failed', once_key: null };
    await this.gateway.database.db
      .insertInto('webhook_deliveries')
      .values({ ...about, id, webhook_id: webhook, state: 'dead', created_at: new Date() })
      .execute();
    return `/v1/webhooks/${webhook}/deliveries/${id}`;
  }

  async key(): Promise<string> {
    const made = await this.gateway.api().post('/v1/api-keys').send({ name: 'a key', role: 'auditor' });
    return (made.body as { id: string }).id;
  }
}

const A_WEBHOOK = {
  name: 'a receiver',
  url: 'http://127.0.0.1:9999/',
  events: ['deletion.failed'],
  enabled: false,
};

const aDryRun = async (gateway: TestGateway, repository: string): Promise<string> => {
  const asked = await gateway
    .api()
    .post('/v1/deletions')
    .send({ registry: 'prod', repository, references: ['v1'], reason: 'a test', dryRun: true })
    .expect(202);
  return (asked.body as { id: string }).id;
};

const aCollection = async (gateway: TestGateway, registry: string): Promise<string> => {
  const asked = await gateway.api().post('/v1/collections').send({ registry, reason: 'a test' }).expect(202);
  return (asked.body as { id: string }).id;
};

const aCancelledCollection = async (gateway: TestGateway, registry: string): Promise<string> => {
  const id = await aCollection(gateway, registry);
  await gateway.api().post(`/v1/collections/${id}/cancel`).send({ reason: 'a test' }).expect(200);
  return id;
};

const idOf = ({ body }: { readonly body: unknown }): string => (body as { id: string }).id;

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
  'POST /v1/deletions/{id}/approve': async (world, place) => ({
    path: `/v1/deletions/${await world.awaiting(place)}/approve`,
    body: REASON,
  }),
  'POST /v1/deletions/{id}/reject': async (world, place) => ({
    path: `/v1/deletions/${await world.awaiting(place)}/reject`,
    body: REASON,
  }),
  'POST /v1/holds': (_, { registry, repository }) => ({
    path: '/v1/holds',
    body: { registry, repository, tags: 'held-*', ...REASON },
  }),
  'GET /v1/holds': async (world, place) => ({ path: '/v1/holds?limit=200', shows: await world.hold(place) }),
  'GET /v1/holds/{id}': async (world, place) => ({ path: `/v1/holds/${await world.hold(place)}` }),
  'DELETE /v1/holds/{id}': async (world, place) => ({
    path: `/v1/holds/${await world.hold(place)}`,
    body: REASON,
  }),
  'DELETE /v1/holds/{id} — of a legal hold': async (world, place) => ({
    path: `/v1/holds/${await world.hold(place, true)}`,
    body: REASON,
  }),
  'POST /v1/pauses': (_, { otherRegistry }) => ({
    path: '/v1/pauses',
    body: { registry: otherRegistry, ...REASON },
  }),
  'POST /v1/pauses — of every registry': () => ({ path: '/v1/pauses', body: REASON }),
  'GET /v1/pauses': async (world, place) => ({ path: '/v1/pauses', shows: await world.pause(place) }),
  'DELETE /v1/pauses/{id}': async (world, place) => ({
    path: `/v1/pauses/${await world.pause(place)}`,
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
  // What the caller tried and was refused is its own act; who asked for the deletion is another's.
  'GET /v1/audit/events': (_, { deletion }) => ({
    path: `/v1/audit/events?deletion=${deletion}&action=deletion.requested`,
    shows: deletion,
  }),
  'GET /v1/audit/export': (_, { deletion }) => ({
    path: `/v1/audit/export?format=csv&deletion=${deletion}&action=deletion.requested`,
    shows: deletion,
  }),
  'GET /v1/audit/keys': () => ({ path: '/v1/audit/keys' }),
  'POST /v1/collections': (_, { otherRegistry }) => ({
    path: '/v1/collections',
    body: { registry: otherRegistry, ...REASON },
  }),
  'POST /v1/collections — outside of a window': (_, { otherRegistry }) => ({
    path: '/v1/collections',
    body: { registry: otherRegistry, when: 'now', mode: 'dry-run', ...REASON },
  }),
  'GET /v1/collections': (_, { collection }) => ({ path: '/v1/collections?limit=200', shows: collection }),
  'GET /v1/collections/windows': (_, { otherRegistry }) => ({
    path: '/v1/collections/windows',
    shows: `"registry":"${otherRegistry}"`,
  }),
  'GET /v1/collections/{id}': (_, { collection }) => ({ path: `/v1/collections/${collection}` }),
  'GET /v1/collections/{id}/report': (_, { collection }) => ({
    path: `/v1/collections/${collection}/report`,
  }),
  'POST /v1/collections/{id}/cancel': async (world, place) => ({
    path: `/v1/collections/${await world.collection(place)}/cancel`,
    body: REASON,
  }),
  'POST /v1/collections/{id}/resume': async (world, place) => ({
    path: `/v1/collections/${await world.cancelledCollection(place)}/resume`,
    body: REASON,
  }),
  'POST /v1/collections/{id}/undo': async (world, place) => ({
    path: `/v1/collections/${await world.cancelledCollection(place)}/undo`,
    body: REASON,
  }),
  'GET /v1/registries/{registry}/blobs/{digest}/explanation': (_, { otherRegistry }) => ({
    path: `/v1/registries/${otherRegistry}/blobs/sha256:${'0'.repeat(64)}/explanation`,
  }),
  'POST /v1/api-keys': () => ({ path: '/v1/api-keys', body: { name: 'a key', role: 'auditor' } }),
  'POST /v1/api-keys/{id}/rotate': async (world) => ({ path: `/v1/api-keys/${await world.key()}/rotate` }),
  'DELETE /v1/api-keys/{id}': async (world) => ({ path: `/v1/api-keys/${await world.key()}` }),
  'POST /v1/webhooks': () => ({ path: '/v1/webhooks', body: A_WEBHOOK }),
  'GET /v1/webhooks/{id}': async (world) => ({ path: `/v1/webhooks/${await world.webhook()}` }),
  'PATCH /v1/webhooks/{id}': async (world) => ({
    path: `/v1/webhooks/${await world.webhook()}`,
    body: { name: 'another name' },
  }),
  'DELETE /v1/webhooks/{id}': async (world) => ({ path: `/v1/webhooks/${await world.webhook()}` }),
  'POST /v1/webhooks/{id}/rotate': async (world) => ({
    path: `/v1/webhooks/${await world.webhook()}/rotate`,
  }),
  'GET /v1/webhooks/{id}/deliveries': async (world) => ({
    path: `/v1/webhooks/${await world.webhook()}/deliveries`,
  }),
  'POST /v1/webhooks/{id}/deliveries/{delivery}/resend': async (world) => ({
    path: `${await world.deadDelivery()}/resend`,
  }),

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
