import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseRegistryName } from '../../src/oci/names.js';
import { headManifest, pushImage, pushIndex } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { collectionOptions, HOUR, NIGHT } from '../support/collections.js';
import { untilEnded } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestApi, type TestGateway } from '../support/gateway.js';
import { keyOf, pushImages, read, untilState } from '../support/guarded.js';
import { startRegistryProxy, type RegistryProxy } from '../support/registry-proxy.js';

const MINUTE = HOUR / 60;

let registry: RegistryServer;
let proxy: RegistryProxy;
let gateway: TestGateway;
let api: TestApi;
let nowMs = NIGHT;
let count = 0;
let repository = '';
let tags: string[] = [];

const left = async (): Promise<string[]> => {
  const at = { registryUrl: registry.url, repository };
  const statuses = await Promise.all(tags.map(async (tag) => (await headManifest(at, tag)).status));
  return tags.filter((_, n) => statuses[n] === 200);
};
const ask = async (changes: Record<string, unknown> = {}): Promise<string> => {
  const body = { registry: 'prod', repository, references: tags, reason: 'a test', ...changes };
  return ((await api.post('/v1/deletions').send(body).expect(202)).body as { id: string }).id;
};
const pause = async (body: object = { registry: 'prod' }, who = api): Promise<string> => {
  const made = await who
    .post('/v1/pauses')
    .send({ reason: 'moving the storage', ...body })
    .expect(201);
  return (made.body as { id: string }).id;
};
const goOn = (id: string) => api.delete(`/v1/pauses/${id}`).send({ reason: 'moved' }).expect(204);
/** Calls `then` before the registry sees the `nth` request to delete a manifest that it has: a probe asks for others. */
const beforeDelete = (nth: number, then: () => unknown): void => {
  const at = { registryUrl: registry.url, repository };
  let seen = 0;
  proxy.interfere(async ({ method, path }) => {
    const [, reference] = /\/manifests\/([^/]+)$/.exec(path) ?? [];
    if (method !== 'DELETE' || reference === undefined) return null;
    if ((await headManifest(at, reference)).status === 200 && (seen += 1) === nth) await then();
    return null;
  });
};
beforeAll(async () => {
  registry = await startRegistry();
  proxy = await startRegistryProxy(registry.url);
  gateway = await startTestGateway({
    registries: [registryOptions('prod', proxy.url), registryOptions('plain', registry.url)],
    collections: [collectionOptions({ kind: 'none' })],
    now: () => nowMs,
  });
  api = gateway.api();
});
afterAll(async () => {
  await gateway?.stop();
  await proxy?.stop();
  await registry?.stop();
});
beforeEach(async () => {
  proxy.interfere(() => null);
  nowMs = NIGHT;
  repository = `team/app${(count += 1)}`;
  tags = await pushImages(registry.url, repository, 5);
});

describe('a pause', () => {
  it('holds up accepted work, says why and by whom, and lets it go on afterwards', async () => {
    const operator = await keyOf(gateway, 'olga', 'operator');
    const id = await pause({ registry: 'prod' }, operator);
    const deletion = await ask();
    const waiting = await untilState(api, deletion, 'queued');
    expect(waiting.waiting).toMatchObject({
      for: 'pause',
      pause: id,
      by: { name: 'olga' },
      reason: 'moving the storage',
    });
    // The workers looked, and left it: the queue is empty again, and everything is there.
    await vi.waitFor(
      async () => {
        const depth = await gateway.runtime.queue.depth('execute', parseRegistryName('prod'));
        expect(depth).toEqual({ waiting: 0, active: 0 });
      },
      { timeout: 20_000 },
    );
    expect(await left()).toEqual(tags);
    const registries = await api.get('/v1/registries').expect(200);
    expect(registries.body).toMatchObject({
      items: [
        { name: 'plain', waiting: null },
        { name: 'prod', waiting: { for: 'pause', pause: id } },
      ],
    });
    await goOn(id);
    expect(await untilEnded(api, deletion)).toMatchObject({ state: 'succeeded', waiting: null });
    expect(await left()).toEqual([]);
  });

  it('in the middle of five targets stops after the one under way, and loses nothing', async () => {
    let id = '';
    beforeDelete(2, async () => (id = await pause()));
    const deletion = await ask();
    const waiting = await vi.waitFor(
      async () => {
        const now = await read(api, deletion);
        expect(now).toMatchObject({ state: 'queued', waiting: { for: 'pause' } });
        expect(now.startedAt).not.toBeNull();
        return now;
      },
      { timeout: 20_000 },
    );
    expect(waiting.targets.map(({ outcome }) => outcome)).toEqual(['deleted', 'deleted', null, null, null]);
    expect(await left()).toHaveLength(3);
    await goOn(id);
    const done = await untilEnded(api, deletion);
    expect(done.targets.map(({ outcome }) => outcome)).toEqual(Array(5).fill('deleted'));
  });

  it('in the middle of an index leaves its platforms alone when the index is pushed again meanwhile (TRAPS 8)', async () => {
    const at = { registryUrl: registry.url, repository };
    const platforms = [
      await pushImage(at, { architecture: 'amd64', content: 'a' }),
      await pushImage(at, { architecture: 'arm64', content: 'b' }),
    ];
    const index = await pushIndex(at, platforms, { tags: ['multi'] });
    let id = '';
    proxy.interfere(async ({ method, path }) => {
      if (method === 'DELETE' && path.endsWith(index.digest)) id = await pause();
      return null;
    });
    const deletion = await ask({ references: ['multi'] });
    await vi.waitFor(
      async () => {
        const { state, targets } = await read(api, deletion);
        expect([state, targets[0]?.outcome]).toEqual(['queued', 'deleted']);
      },
      { timeout: 20_000 },
    );
    await pushIndex(at, platforms, { tags: ['multi'] });
    await goOn(id);
    const done = await untilEnded(api, deletion);
    expect(done.targets.map(({ outcome, code }) => [outcome, code])).toEqual([
      ['deleted', null],
      ['refused', 'plan_stale'],
      ['refused', 'plan_stale'],
    ]);
    expect((await headManifest(at, 'multi')).digest).toBe(index.digest);
    for (const { digest } of platforms) expect((await headManifest(at, digest)).status).toBe(200);
  });

  it('of everything holds up a registry that it does not name, and is ended by nobody who has a part of it', async () => {
    const id = await pause({});
    const deletion = await ask();
    expect((await untilState(api, deletion, 'queued')).waiting).toMatchObject({ for: 'pause', pause: id });
    await vi.waitFor(
      async () => {
        const depth = await gateway.runtime.queue.depth('execute', parseRegistryName('prod'));
        expect(depth).toEqual({ waiting: 0, active: 0 });
      },
      { timeout: 20_000 },
    );
    expect(await left()).toEqual(tags);
    const some = await keyOf(gateway, 'some', 'operator');
    await some.delete(`/v1/pauses/${id}`).send({ reason: 'mine?' }).expect(403);
    expect(await read(api, deletion)).toMatchObject({ state: 'queued', waiting: { for: 'pause' } });
    await goOn(id);
    expect(await untilEnded(api, deletion)).toMatchObject({ state: 'succeeded' });
  });

  it('of everything holds up every registry; what is restored waits too', async () => {
    const deletion = await ask({ references: ['v1'] });
    await untilEnded(api, deletion);
    const id = await pause({});
    const body = { reason: 'wrong one' };
    await api.post(`/v1/deletions/${deletion}/restore`).set('Prefer', 'wait=0').send(body).expect(202);
    expect(await left()).not.toContain('v1');
    await goOn(id);
    await untilState(api, deletion, 'restored');
    expect(await left()).toContain('v1');
  });

  it('is ended once, and by those whose it is alone', async () => {
    const id = await pause();
    const stranger = await gateway
      .api()
      .post('/v1/api-keys')
      .send({ name: 'elsewhere', role: 'operator', scopes: ['plain/**:delete'] });
    const elsewhere = gateway.api((stranger.body as { secret: string }).secret);
    await elsewhere.delete(`/v1/pauses/${id}`).send({ reason: 'mine?' }).expect(404);
    await elsewhere.post('/v1/pauses').send({ reason: 'all of it' }).expect(403);
    expect((await elsewhere.get('/v1/pauses').expect(200)).body).toMatchObject({ items: [] });
    await goOn(id);
    await api.delete(`/v1/pauses/${id}`).send({ reason: 'again' }).expect(404);
    const events = await api.get('/v1/audit/events?action=pause.ended&limit=1').expect(200);
    expect(events.body).toMatchObject({ items: [{ registry: 'prod', reason: 'moved' }] });
  });
});

describe('runIn: window', () => {
  it('waits for the window, stops between targets when it closes, and goes on in the next', async () => {
    const deletion = await ask({ runIn: 'window' });
    expect((await untilState(api, deletion, 'queued')).waiting).toEqual({
      for: 'window',
      opensAt: new Date(NIGHT + HOUR).toISOString(),
    });
    expect(await left()).toEqual(tags);
    beforeDelete(2, () => (nowMs = NIGHT + 2 * HOUR + MINUTE));
    nowMs = NIGHT + HOUR + MINUTE;
    const stopped = await vi.waitFor(
      async () => {
        const now = await read(api, deletion);
        expect(now.targets.filter(({ outcome }) => outcome === 'deleted')).toHaveLength(2);
        expect(now).toMatchObject({ state: 'queued', waiting: { for: 'window' } });
        return now;
      },
      { timeout: 20_000 },
    );
    expect(stopped.waiting).toMatchObject({ opensAt: new Date(NIGHT + 25 * HOUR).toISOString() });
    expect(await left()).toHaveLength(3);
    nowMs = NIGHT + 25 * HOUR;
    expect(await untilEnded(api, deletion)).toMatchObject({ state: 'succeeded' });
    expect(await left()).toEqual([]);
  });

  it('does not hold up others of its repository', async () => {
    const waiting = await ask({ references: ['v1'], runIn: 'window' });
    expect(await untilEnded(api, await ask({ references: ['v2'] }))).toMatchObject({ state: 'succeeded' });
    expect(await read(api, waiting)).toMatchObject({ state: 'queued' });
    expect(await left()).toContain('v1');
    await api.post(`/v1/deletions/${waiting}/cancel`).send({ reason: 'done' }).expect(200);
  });

  it('is refused where there is no window', async () => {
    const body = { registry: 'plain', repository, references: ['v1'], reason: 'a test', runIn: 'window' };
    const answer = await api.post('/v1/deletions').send(body).expect(409);
    expect(answer.body).toMatchObject({ code: 'no_window' });
  });
});
