import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestGateway, type TestGateway } from '../support/gateway.js';

let database: TestDatabase;
let one: TestGateway;
let other: TestGateway;

beforeAll(async () => {
  database = await createTestDatabase();
  one = await startTestGateway({ registries: [], database });
  other = await startTestGateway({ registries: [], database });
});

afterAll(async () => {
  await other?.stop();
  await one?.stop();
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
