import { afterAll, beforeAll, expect, it } from 'vitest';
import { headManifest } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { deleteAndWait } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestApi, type TestGateway } from '../support/gateway.js';
import { pushImages, untilState } from '../support/guarded.js';
import { makeKey } from '../support/keys.js';

const SEEN = ['prod/team-a/**:read', 'prod/guarded/*:read'];
let registry: RegistryServer;
let gateway: TestGateway;
let reader: TestApi;

beforeAll(async () => {
  registry = await startRegistry();
  const none = { registry: null, tags: null, targetsOver: null, shareOver: null, bytesOver: null };
  const rule = { name: 'guarded', repository: 'guarded/*', referrers: false, approvers: 1 };
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url)],
    guardrails: { approvals: [{ ...none, ...rule, expiresAfterMs: 3_600_000 }] },
  });
  reader = (await makeKey(gateway, { role: 'operator', scopes: SEEN, owner: 'rita' })).api;
  for (const repository of ['team-a/app', 'guarded/app']) await pushImages(registry.url, repository, 3);
});
afterAll(async () => {
  await gateway?.stop();
  await registry?.stop();
});

const status = async (repository: string, tag: string) =>
  (await headManifest({ registryUrl: registry.url, repository }, tag)).status;
const ask = (api: TestApi, repository: string, tag: string, changes: object = {}) =>
  api
    .post('/v1/deletions')
    .send({ registry: 'prod', repository, references: [tag], reason: 'a test', ...changes });
const reason = { reason: 'a test' };

it('who may only read asks for no deletion, executes none, cancels none and restores none', async () => {
  const refused = await ask(reader, 'team-a/app', 'v1').expect(403);
  expect(refused.body).toMatchObject({ code: 'forbidden' });
  await ask(reader, 'team-b/app', 'v1').expect(404);
  const planned = await ask(gateway.api(), 'team-a/app', 'v1', { dryRun: true }).expect(202);
  const { id } = planned.body as { id: string };
  await untilState(reader, id, 'planned');
  await reader.post(`/v1/deletions/${id}/execute`).send({}).expect(403);
  await reader.post(`/v1/deletions/${id}/cancel`).send(reason).expect(403);
  await untilState(reader, id, 'planned');
  expect(await status('team-a/app', 'v1')).toBe(200);
  const body = { registry: 'prod', repository: 'team-a/app', references: ['v2'] };
  const gone = await deleteAndWait(gateway.api(), body);
  await reader.post(`/v1/deletions/${gone.id}/restore`).send(reason).expect(403);
  expect(await status('team-a/app', 'v2')).toBe(404);
});

it('who may only read decides about none', async () => {
  const approver = await makeKey(gateway, { role: 'approver', scopes: SEEN, owner: 'anna' });
  const asked = await ask(gateway.api(), 'guarded/app', 'v1').expect(202);
  const { id } = asked.body as { id: string };
  await untilState(approver.api, id, 'awaiting_approval');
  for (const verdict of ['approve', 'reject']) {
    const refused = await approver.api.post(`/v1/deletions/${id}/${verdict}`).send(reason).expect(403);
    expect(refused.body).toMatchObject({ code: 'forbidden' });
  }
  await untilState(approver.api, id, 'awaiting_approval');
  expect(await status('guarded/app', 'v1')).toBe(200);
});
