import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { NO_LIMITS } from '../../src/guardrails/limits.js';
import { headManifest } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { untilEnded } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestApi, type TestGateway } from '../support/gateway.js';
import { auditOf, keyOf, pushImages, read } from '../support/guarded.js';

let registry: RegistryServer;
let gateway: TestGateway;
let count = 0;
let repository = '';
let tags: string[] = [];
let requester: TestApi;

const left = async (): Promise<number> => {
  const at = { registryUrl: registry.url, repository };
  const statuses = await Promise.all(tags.map(async (tag) => (await headManifest(at, tag)).status));
  return statuses.filter((status) => status === 200).length;
};
const ask = (references: readonly string[], changes: Record<string, unknown> = {}) =>
  requester
    .post('/v1/deletions')
    .send({ registry: 'prod', repository, references, reason: 'a test', ...changes });
const idOf = (body: unknown): string => (body as { id: string }).id;

beforeAll(async () => {
  registry = await startRegistry();
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url)],
    guardrails: {
      limits: {
        ...NO_LIMITS,
        targetsPerRequest: 3,
        share: { percent: 50, over: 'refuse' },
        targetsPerDay: 4,
      },
    },
  });
});
afterAll(async () => {
  await gateway?.stop();
  await registry?.stop();
});
beforeEach(async () => {
  repository = `team/app${(count += 1)}`;
  tags = await pushImages(registry.url, repository, 10);
  requester = await keyOf(gateway, `requester ${count}`, 'requester');
});

it('refuses more targets than one request may take, however they are named', async () => {
  const refused = await ask(['v1', 'v2', 'v3', 'v4']).expect(409);
  expect(refused.body).toMatchObject({ code: 'too_many_targets' });
  const body = { registry: 'prod', repository, reason: 'a test' };
  const selected = await requester
    .post('/v1/deletions')
    .send({ ...body, selector: { tags: '*' } })
    .expect(409);
  expect(selected.body).toMatchObject({ code: 'too_many_targets' });
  const whole = await requester
    .post('/v1/deletions')
    .send({ ...body, wholeRepository: true })
    .expect(409);
  expect(whole.body).toMatchObject({ code: 'too_many_targets' });
  expect(await left()).toBe(10);
});

it('refuses too large a part of a repository', async () => {
  repository = `small/app${count}`;
  tags = await pushImages(registry.url, repository, 3);
  const refused = await ask(['v1', 'v2']).expect(409);
  expect(refused.body).toMatchObject({ code: 'share_too_large' });
  expect(await left()).toBe(3);
  expect(await untilEnded(requester, idOf((await ask(['v1']).expect(202)).body))).toMatchObject({
    state: 'succeeded',
  });
});

it('refuses what is more than the rest of the day, also of a dry run that is executed', async () => {
  const dry = idOf((await ask(['v7', 'v8'], { dryRun: true }).expect(202)).body);
  await untilEnded(requester, idOf((await ask(['v1', 'v2', 'v3']).expect(202)).body));
  const refused = await ask(['v4', 'v5']);
  expect(refused.status).toBe(409);
  expect(refused.body).toMatchObject({ code: 'daily_limit_reached' });
  const id = String(refused.headers['location']).split('/').at(-1) ?? '';
  expect(await read(requester, id)).toMatchObject({ state: 'refused' });
  expect((await auditOf(gateway, id)).map(({ code }) => code)).toContain('daily_limit_reached');
  const executed = await requester.post(`/v1/deletions/${dry}/execute`).expect(409);
  // The repository lost tags since, so the plan is the same and the day is what stands in the way.
  expect(executed.body).toMatchObject({ code: 'daily_limit_reached' });
  expect(await left()).toBe(7);
  await untilEnded(requester, idOf((await ask(['v4']).expect(202)).body));
  expect(await left()).toBe(6);
});

it('is one caller’s day: of many at once no more go through than fit', async () => {
  const answers = await Promise.all(tags.slice(0, 8).map((tag) => ask([tag])));
  const accepted = answers.filter(({ status }) => status === 202);
  expect(accepted).toHaveLength(4);
  for (const { body } of accepted) await untilEnded(requester, idOf(body));
  expect(await left()).toBe(6);
  const other = requester;
  requester = await keyOf(gateway, 'somebody else', 'requester');
  expect(requester).not.toBe(other);
  await ask(['v9']).expect(202);
});

it('is the day of whoever has a dry run executed too, and stays the one of who made it', async () => {
  const maker = requester;
  const dry = async (tag: string) => idOf((await ask([tag], { dryRun: true }).expect(202)).body);
  const plans = [await dry('v1'), await dry('v2'), await dry('v3')];
  const other = await keyOf(gateway, 'executes', 'requester');
  const execute = (api: TestApi, id = '') => api.post(`/v1/deletions/${id}/execute`);
  await untilEnded(other, idOf((await execute(other, plans[0]).expect(202)).body));
  requester = other;
  await untilEnded(other, idOf((await ask(['v4', 'v5', 'v6']).expect(202)).body));
  // One of somebody else's and three of its own: the day is over.
  const refused = await execute(other, plans[1]).expect(409);
  expect(refused.body).toMatchObject({ code: 'daily_limit_reached' });
  await ask(['v10']).expect(409);
  // Who made the plans has used one of its four.
  requester = maker;
  await ask(['v7', 'v8', 'v9']).expect(202);
  await execute(maker, plans[1]).expect(409);
  expect(await left()).toBeGreaterThanOrEqual(3);
});
