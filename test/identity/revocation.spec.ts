import { afterAll, beforeAll, expect, it } from 'vitest';
import { pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';

let database: TestDatabase;
let registry: RegistryServer;
let one: TestGateway;
let other: TestGateway;

beforeAll(async () => {
  database = await createTestDatabase();
  registry = await startRegistry();
  const registries = [registryOptions('prod', registry.url)];
  one = await startTestGateway({ registries, database });
  other = await startTestGateway({ registries, database });
});

afterAll(async () => {
  await other?.stop();
  await one?.stop();
  await registry?.stop();
  await database?.drop();
});

it.each(['revoked', 'rotated'])(
  'a key that was %s through one process is refused by another at once, however busy that is',
  async (how) => {
    const made = await one.api().post('/v1/api-keys').send({ name: how, role: 'auditor' }).expect(201);
    const { id, secret } = made.body as { id: string; secret: string };
    const asked: { readonly beganMs: number; readonly status: number }[] = [];
    let isOver = false;
    const client = async (): Promise<void> => {
      while (!isOver) {
        const beganMs = performance.now();
        const { status } = await other.api(secret).get('/v1/me');
        asked.push({ beganMs, status });
      }
    };
    const clients = Array.from({ length: 16 }, client);
    await expect.poll(() => asked.length).toBeGreaterThan(50);
    if (how === 'revoked') await one.api().delete(`/v1/api-keys/${id}`).expect(204);
    else await one.api().post(`/v1/api-keys/${id}/rotate`).expect(200);
    const endedMs = performance.now();
    const before = asked.length;
    await expect.poll(() => asked.length).toBeGreaterThan(before + 50);
    isOver = true;
    await Promise.all(clients);
    const afterwards = asked.filter(({ beganMs }) => beganMs >= endedMs);
    expect(afterwards.length).toBeGreaterThan(0);
    expect(afterwards.filter(({ status }) => status !== 401)).toEqual([]);
    expect(asked.some(({ status }) => status === 200)).toBe(true);
  },
);

it('a stream ends, without saying that its deletion did, once its key was revoked; those of others go on', async () => {
  await pushImage({ registryUrl: registry.url, repository: 'team-a/app' }, { tags: ['v1'] });
  // What is asked for waits.
  await one.api().post('/v1/pauses').send({ registry: 'prod', reason: 'a test' }).expect(201);
  const asked = { registry: 'prod', repository: 'team-a/app', references: ['v1'], reason: 'a test' };
  const accepted = await one
    .api()
    .post('/v1/deletions')
    .set('Prefer', 'respond-async')
    .send(asked)
    .expect(202);
  const made = await one.api().post('/v1/api-keys').send({ name: 'a', role: 'auditor' }).expect(201);
  const key = made.body as { id: string; secret: string };
  const follow = (secret: string): Promise<string> =>
    fetch(`${other.url}/v1/deletions/${(accepted.body as { id: string }).id}/events`, {
      headers: { authorization: `Bearer ${secret}` },
    }).then((response) => response.text());
  let isOver = false;
  const kept = follow(one.adminKey).finally(() => (isOver = true));
  const cut = follow(key.secret);
  await one.api().delete(`/v1/api-keys/${key.id}`).expect(204);
  const text = await cut;
  expect(text).toContain('event: state');
  expect(text).not.toContain('event: end');
  expect(isOver).toBe(false);
  await other.stop();
  await kept.catch(() => undefined);
}, 60_000);
