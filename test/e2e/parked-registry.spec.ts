import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { untilEnded } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { pushImages, read, untilState } from '../support/guarded.js';
import { startRegistryProxy, type RegistryProxy } from '../support/registry-proxy.js';

let registry: RegistryServer;
let proxy: RegistryProxy;
let gateway: TestGateway;

beforeAll(async () => {
  registry = await startRegistry();
  proxy = await startRegistryProxy(registry.url);
  gateway = await startTestGateway({
    registries: [registryOptions('prod', proxy.url), registryOptions('other', registry.url)],
    execution: { planAttempts: 20, targetAttempts: 20 },
  });
});
afterAll(async () => {
  await gateway?.stop();
  await proxy?.stop();
  await registry?.stop();
});

it('that does not answer is left alone, says so, and its queue goes on when it is back', async () => {
  const api = gateway.api();
  const held = await api.post('/v1/pauses').send({ registry: 'prod', reason: 'until they are planned' });
  const ids: string[] = [];
  for (let n = 0; n < 6; n += 1) {
    const repository = `team/parked${n}`;
    await pushImages(registry.url, repository, 1);
    const body = { registry: 'prod', repository, references: ['v1'], reason: 'a test' };
    ids.push(((await api.post('/v1/deletions').send(body).expect(202)).body as { id: string }).id);
  }
  await Promise.all(ids.map((id) => untilState(api, id, 'queued')));
  let asked = 0;
  proxy.interfere(() => {
    asked += 1;
    return { status: 503, body: 'down' };
  });
  await api
    .delete(`/v1/pauses/${(held.body as { id: string }).id}`)
    .send({ reason: 'go' })
    .expect(204);
  const parked = await vi.waitFor(
    async () => {
      for (const id of ids) {
        const deletion = await read(api, id);
        if (deletion.waiting?.for === 'registry') return deletion;
      }
      throw new Error('nothing waits for the registry');
    },
    { timeout: 20_000, interval: 20 },
  );
  expect(parked).toMatchObject({ state: 'queued', targets: [{ outcome: null }] });
  const seen = asked;
  const registries = await api.get('/v1/registries').expect(200);
  expect(registries.body).toMatchObject({
    items: [
      { name: 'other', waiting: null },
      { name: 'prod', waiting: { for: 'registry' } },
    ],
  });
  const { text } = await api.get('/metrics').expect(200);
  expect(text).toContain('sexton_registry_parked{registry="prod"} 1');
  expect(text).toContain('sexton_registry_parked{registry="other"} 0');
  // Left alone: nobody asks it before the time is over, whatever waits.
  expect(asked).toBe(seen);
  const told = await api.get('/v1/audit/events?action=registry.parked').expect(200);
  // Once, however often it is left alone again meanwhile.
  expect(told.body).toMatchObject({
    items: [{ registry: 'prod', outcome: 'failed', actor: { id: 'sexton' } }],
  });
  proxy.interfere(() => null);
  for (const id of ids) expect(await untilEnded(api, id)).toMatchObject({ state: 'succeeded' });
});
