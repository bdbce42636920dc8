import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { treeOf } from '../collections/temporary-tree.js';
import { askForCollection, collectAndWait, gateAtBatch, untilState } from '../support/collections.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { deleteAndWait } from '../support/deletions.js';
import { installGateway, type GatewayProcess, type Installation } from '../support/gateway-process.js';

let registry: RegistryServer;
let database: TestDatabase;
let installation: Installation;
const running: GatewayProcess[] = [];
const REPOSITORY = 'team-a/app';
const to = () => ({ registryUrl: registry.url, repository: REPOSITORY });

const start = async (...args: string[]): Promise<GatewayProcess> => {
  const gateway = await installation.start(args);
  running.push(gateway);
  return gateway;
};

beforeEach(async () => {
  registry = await startRegistry();
  database = await createTestDatabase();
  installation = await installGateway({
    registryUrl: registry.url,
    databaseUrl: database.url,
    registry: {
      storage: { filesystem: registry.storageDir },
      collection: { engine: 'sexton', grace: '0s', batchSize: 1, healEvery: '100ms' },
    },
  });
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((gateway) => gateway.server.stop()));
  await installation?.remove();
  await database?.drop();
  await registry?.stop();
});

/** Two images, of which one is deleted: its manifest, config and layer are garbage. */
const makeGarbage = async (gateway: GatewayProcess): Promise<void> => {
  for (const tag of ['v1', 'v2']) await pushImage(to(), { tags: [tag], content: tag });
  const target = { registry: 'prod', repository: REPOSITORY, references: ['v1'] };
  await deleteAndWait(gateway.api(), target);
};

const eventsOf = async (gateway: GatewayProcess, id: string) => {
  const answer = await gateway.api().get('/v1/audit/events?registry=prod&limit=100').expect(200);
  const { items } = answer.body as {
    items: { action: string; details: { collection?: string; batch?: number } }[];
  };
  return items.filter(({ details }) => details.collection === id).reverse();
};

describe('a collection', () => {
  it('survives kill -9 after a batch has moved and before it is noted: same end as undisturbed', async () => {
    const gateway = await start();
    await makeGarbage(gateway);
    const gate = await gateAtBatch(database.pool, 2);
    const { id } = await askForCollection(gateway.api());
    await gate.arrived();
    await gateway.server.stop('SIGKILL');
    await gate.open();
    const again = await start();
    expect(await untilState(again.api(), id, 'succeeded', 'failed')).toMatchObject({
      state: 'succeeded',
      batches: 3,
      quarantined: { count: 3 },
      restored: { count: 0 },
    });
    const events = await eventsOf(again, id);
    const batches = events.filter(({ action }) => action === 'collection.batch_quarantined');
    expect(batches.map(({ details }) => details.batch)).toEqual([1, 2, 3]);
    expect(events.filter(({ action }) => action === 'collection.started')).toHaveLength(1);
    expect((await collectAndWait(again.api(), { mode: 'dry-run' })).summary?.garbage.count).toBe(0);
  });

  it('is done once by many processes, one at a time', async () => {
    const [api] = await Promise.all([
      start('--role', 'api'),
      start('--role', 'worker'),
      start('--role', 'worker'),
    ]);
    if (!api) throw new Error('no api');
    await makeGarbage(api);
    const before = treeOf(registry.storageDir, { without: ['.sexton'] });
    const gate = await gateAtBatch(database.pool, 1);
    const first = await askForCollection(api.api());
    const second = await askForCollection(api.api());
    await gate.arrived();
    // The bell rings for both processes while the gate is shut; had two come in, two would stand before it.
    await start('--role', 'worker');
    await gate.arrived();
    await gate.open();
    expect(await untilState(api.api(), first.id, 'succeeded')).toMatchObject({ quarantined: { count: 3 } });
    expect(await untilState(api.api(), second.id, 'succeeded')).toMatchObject({ quarantined: { count: 0 } });
    expect((await eventsOf(api, first.id)).map(({ action }) => action)).toEqual([
      'collection.requested',
      'collection.started',
      'collection.batch_quarantined',
      'collection.batch_quarantined',
      'collection.batch_quarantined',
      'collection.finished',
    ]);
    await api.api().post(`/v1/collections/${first.id}/undo`).send({ reason: 'a test' }).expect(202);
    await untilState(api.api(), first.id, 'undone');
    expect(treeOf(registry.storageDir, { without: ['.sexton'] })).toEqual(before);
  });
});
