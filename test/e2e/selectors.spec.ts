import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushCosignTag } from '../../tools/referrers.js';
import { headManifest, pushImage, pushIndex } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { deleteAndWait, untilEnded } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';

let registry: RegistryServer;
let gateway: TestGateway;

beforeAll(async () => {
  registry = await startRegistry();
  gateway = await startTestGateway({ registries: [registryOptions('prod', registry.url)] });
});
afterAll(async () => {
  await gateway?.stop();
  await registry?.stop();
});

const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
const at = (repository: string) => ({ registryUrl: registry.url, repository });

/** Pushes images of the given ages in days, each under its own tag. */
const push = async (repository: string, ages: Record<string, number>) => {
  for (const [tag, days] of Object.entries(ages)) {
    await pushImage(at(repository), { tags: [tag], content: tag, created: daysAgo(days) });
  }
};

const left = async (repository: string): Promise<string[]> => {
  const response = await fetch(`${registry.url}/v2/${repository}/tags/list`);
  const { tags } = (await response.json()) as { tags?: string[] | null };
  return (tags ?? []).sort();
};

const ask = (repository: string, what: Record<string, unknown>) =>
  deleteAndWait(gateway.api(), { registry: 'prod', repository, reason: 'retention', ...what });

describe('a selector', () => {
  it('deletes what all its parts select, and the plan says for what age', async () => {
    await push('team-a/dev', { 'dev-1': 50, 'dev-2': 40, 'dev-3': 1, v1: 100 });
    const deletion = await ask('team-a/dev', { selector: { tags: 'dev-*', olderThan: '30d' } });
    expect(deletion).toMatchObject({
      state: 'succeeded',
      references: [],
      selector: { tags: 'dev-*', olderThan: '30d' },
      plan: {
        selected: [
          { reference: 'dev-2', age: { basis: 'created' } },
          { reference: 'dev-1', age: { basis: 'created' } },
        ],
      },
    });
    expect(await left('team-a/dev')).toEqual(['dev-3', 'v1']);
  });

  it('that matches nothing deletes nothing (TRAPS 33)', async () => {
    await push('team-a/none', { v1: 100 });
    for (const selector of [{ tags: 'release-*' }, { keepNewest: 10 }, { olderThan: '365d' }]) {
      const deletion = await ask('team-a/none', { selector });
      expect(deletion).toMatchObject({
        state: 'succeeded',
        targets: [],
        plan: { targets: [], selected: [] },
      });
    }
    expect(await left('team-a/none')).toEqual(['v1']);
  });

  it('keeps the newest, takes the age of an index from its images, and leaves signatures to their image', async () => {
    const repository = 'team-a/multi';
    const old = await pushImage(at(repository), { content: 'old', created: daysAgo(90) });
    const older = await pushImage(at(repository), { content: 'older', created: daysAgo(100) });
    await pushIndex(at(repository), [old, older], { tags: ['v1'] });
    const young = await pushImage(at(repository), { tags: ['v2'], content: 'young', created: daysAgo(2) });
    await pushCosignTag(at(repository), young, 'sig');
    const tags = await left(repository);
    const deletion = await ask(repository, { selector: { keepNewest: 1 } });
    expect(deletion.plan?.selected?.map(({ reference }) => reference)).toEqual(['v1']);
    expect(await left(repository)).toEqual(tags.filter((tag) => tag !== 'v1'));
    expect((await headManifest(at(repository), old.digest)).status).toBe(404);
  });

  it('is planned once: what runs is the plan, whatever matches later', async () => {
    const repository = 'team-a/later';
    await push(repository, { 'dev-1': 40 });
    const planned = await ask(repository, { selector: { tags: 'dev-*' }, dryRun: true });
    expect(planned).toMatchObject({ state: 'planned', plan: { selected: [{ reference: 'dev-1' }] } });
    await push(repository, { 'dev-2': 40 });
    await gateway.api().post(`/v1/deletions/${planned.id}/execute`).send({}).expect(202);
    expect(await untilEnded(gateway.api(), planned.id)).toMatchObject({ state: 'succeeded' });
    expect(await left(repository)).toEqual(['dev-2']);
  });

  it('whose image was tagged anew since is stale', async () => {
    const repository = 'team-a/stale';
    await push(repository, { 'dev-1': 40 });
    const planned = await ask(repository, { selector: { tags: 'dev-*' }, dryRun: true });
    await push(repository, { 'dev-1': 1 });
    const refused = await gateway.api().post(`/v1/deletions/${planned.id}/execute`).send({}).expect(409);
    expect(refused.body).toMatchObject({ code: 'plan_stale' });
    expect(await left(repository)).toEqual(['dev-1']);
  });

  it('of untagged manifests is refused where the registry does not list them', async () => {
    await push('team-a/untagged', { v1: 1 });
    const deletion = await ask('team-a/untagged', { selector: { untagged: true } });
    expect(deletion).toMatchObject({ state: 'failed', problem: { code: 'untagged_unsupported' } });
    expect(await left('team-a/untagged')).toEqual(['v1']);
  });

  it('does not go around the guards: a digest with other tags is refused', async () => {
    const repository = 'team-a/guarded';
    await pushImage(at(repository), { tags: ['dev-1', 'stable'], created: daysAgo(40) });
    const deletion = await ask(repository, { selector: { tags: 'dev-*' } });
    expect(deletion).toMatchObject({ state: 'refused', plan: { refusals: [{ code: 'shared_digest' }] } });
    expect(await left(repository)).toEqual(['dev-1', 'stable']);
  });
});

describe('a whole repository', () => {
  it('goes with every tag and signature, and another one below it stays (TRAPS 11)', async () => {
    await push('team-b/app', { v1: 1, v2: 2 });
    const image = await pushImage(at('team-b/app'), { tags: ['v3'], content: 'v3' });
    await pushCosignTag(at('team-b/app'), image, 'sig');
    await push('team-b/app/nested', { v1: 1 });
    const deletion = await ask('team-b/app', { wholeRepository: true });
    expect(deletion).toMatchObject({ state: 'succeeded', wholeRepository: true, selector: null });
    expect(await left('team-b/app')).toEqual([]);
    expect(await left('team-b/app/nested')).toEqual(['v1']);
  });
});

describe('a request', () => {
  it.each([
    ['nothing', {}],
    ['an empty selector', { selector: {} }],
    ['references and a selector', { references: ['v1'], selector: { tags: '*' } }],
    ['a selector and everything', { selector: { tags: '*' }, wholeRepository: true }],
    ['not everything', { wholeRepository: false }],
    ['a glob that is none', { selector: { tags: '../*' } }],
    ['a glob bomb', { selector: { tags: '*a'.repeat(20) } }],
    ['an age without a unit', { selector: { olderThan: '30' } }],
    ['no age at all', { selector: { olderThan: '0d' } }],
    ['none to keep', { selector: { keepNewest: 0 } }],
  ])('for %s is refused, with the field', async (_, what) => {
    const refused = await gateway
      .api()
      .post('/v1/deletions')
      .send({ registry: 'prod', repository: 'team-a/app', reason: 'retention', ...what })
      .expect(400);
    expect(refused.body).toMatchObject({ code: 'invalid_request' });
    expect((refused.body as { errors: { pointer: string }[] }).errors.length).toBeGreaterThan(0);
  });
});
