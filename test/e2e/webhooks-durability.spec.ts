import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { installGateway, type Installation } from '../support/gateway-process.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

let registry: RegistryServer;
let database: TestDatabase;
let receiver: WebhookReceiver;
let installation: Installation;

beforeAll(async () => {
  registry = await startRegistry();
  database = await createTestDatabase();
  receiver = await WebhookReceiver.start();
  installation = await installGateway({
    registryUrl: registry.url,
    databaseUrl: database.url,
    notifications: { webhooks: { allow: ['127.0.0.1'], timeout: '500ms', retryBase: '100ms' } },
  });
});
afterAll(async () => {
  await installation?.remove();
  await receiver?.stop();
  await database?.drop();
  await registry?.stop();
});

it('a process that is killed with a notice under way loses nothing, and no process sends what is delivered', async () => {
  const doomed = await installation.start();
  const body = { name: 'a receiver', url: receiver.url, events: ['pause.created', 'pause.ended'] };
  const made = await doomed.api().post('/v1/webhooks').send(body).expect(201);
  const { secret } = made.body as { secret: string };
  // It has the notice, and the process dies before it has the answer.
  receiver.answer = (_, count) =>
    count === 1 ? () => void doomed.server.child.kill('SIGKILL') : { status: 204 };
  await doomed.api().post('/v1/pauses').send({ registry: 'prod', reason: 'a test' }).expect(201);
  await receiver.until(1);
  const others = await Promise.all([installation.start(), installation.start()]);
  try {
    const [{ items }] = [(await others[0].api().get('/v1/pauses')).body as { items: { id: string }[] }];
    await others[1].api().delete(`/v1/pauses/${items[0]?.id}`).send({ reason: 'over' }).expect(204);
    await receiver.until(3);
  } finally {
    await Promise.all(others.map(({ server }) => server.stop()));
  }
  expect(receiver.events(secret)).toMatchObject([
    { type: 'sexton.pause.created' },
    { type: 'sexton.pause.created' },
    { type: 'sexton.pause.ended' },
  ]);
  const [first, second, third] = receiver.ids;
  expect(second).toBe(first);
  expect(third).not.toBe(first);
  const rows = await database.db.selectFrom('webhook_deliveries').selectAll().execute();
  expect(rows.map(({ state }) => state)).toEqual(['delivered', 'delivered']);
});
