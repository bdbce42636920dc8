import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CollectionView } from '../../src/collections/service/collections.dto.js';
import { startV1Server, type V1Server } from '../../tools/fakes/v1-server.js';
import { treeOf } from '../collections/temporary-tree.js';
import { V1Files } from '../collections/v1-files.js';
import { collectAndWait, collectionOptions, NIGHT, untilState } from '../support/collections.js';
import { registryOptions, startTestGateway, type TestApi, type TestGateway } from '../support/gateway.js';

let server: V1Server;
let gateway: TestGateway;
let files: V1Files;
let api: TestApi;
let nowMs = NIGHT;
let [living, lost]: readonly string[] = [];

const tree = (): string[] => treeOf(files.root, { without: ['.sexton'] });

/** Files of the old registry, which cannot be run, beside a server that speaks as it did. */
beforeEach(async () => {
  nowMs = NIGHT;
  files = new V1Files();
  const base = files.image();
  living = files.image({ on: base });
  lost = files.image({ on: base });
  files.tag('team-a/app', 'v1', living);
  server = await startV1Server();
  gateway = await startTestGateway({
    registries: [registryOptions('prod', server.url, { type: 'v1' })],
    collections: [collectionOptions({ kind: 'v1', storage: files.root }, { batchSize: 1 })],
    now: () => nowMs,
  });
  api = gateway.api();
});

afterEach(async () => {
  expect(server.violations).toEqual([]);
  await gateway?.stop();
  await server?.stop();
});

const explain = async (id: string | undefined): Promise<unknown> =>
  (await api.get(`/v1/registries/prod/blobs/v1id:${id}/explanation`).expect(200)).body;

it('the old registry’s orphans are shown, taken into quarantine, explained, and come back by an undo', async () => {
  const before = treeOf(files.root, { withTimes: true });
  const dry = await collectAndWait(api, { mode: 'dry-run' });
  expect(treeOf(files.root, { withTimes: true })).toEqual(before);
  expect(dry).toMatchObject({
    engine: 'v1',
    state: 'succeeded',
    summary: { repositories: 1, garbage: { count: 1 }, reasons: { image_unreferenced: { count: 1 } } },
  });
  const report = await api.get(`/v1/collections/${dry.id}/report?format=ndjson`).expect(200);
  expect(report.text).toContain(`"digest":"v1id:${lost}"`);
  expect(await explain(lost)).toMatchObject({ standing: 'garbage', because: 'image_unreferenced' });
  expect(await explain(living)).toMatchObject({
    standing: 'needed',
    paths: [{ repository: 'team-a/app', tag: 'v1', steps: [{ digest: `v1id:${living}` }] }],
  });

  const content = tree();
  const { id, quarantined } = await collectAndWait(api);
  expect(quarantined.count).toBe(1);
  expect(files.has(`images/${lost}`)).toBe(false);
  expect(await explain(lost)).toMatchObject({ standing: 'in_quarantine' });
  await api.post(`/v1/collections/${id}/undo`).send({ reason: 'a mistake' }).expect(202);
  expect(await untilState(api, id, 'undone')).toMatchObject({ restored: { count: 1 } });
  expect(tree()).toEqual(content);
  const verified = await api.get('/v1/audit/verification').expect(200);
  expect(verified.body).toMatchObject({ status: 'whole' });
});

it('what waits is healed when a tag needs it, and purged after the retention when none does', async () => {
  const { id } = await collectAndWait(api);
  const read = async () => (await api.get(`/v1/collections/${id}`).expect(200)).body as CollectionView;
  files.put('repositories/team-a/app/tag_again', lost ?? '');
  nowMs += 3_600_000;
  await vi.waitFor(async () => expect((await read()).restored.count).toBe(1), { timeout: 30_000 });
  expect(files.hasImage(lost ?? '')).toBe(true);
  files.remove('repositories/team-a/app/tag_again');
  const second = await collectAndWait(api);
  nowMs += 8 * 24 * 3_600_000;
  await collectAndWait(api, { mode: 'purge' });
  expect((await api.get(`/v1/collections/${second.id}`).expect(200)).body).toMatchObject({
    purged: second.quarantined,
  });
  expect(await explain(lost)).toMatchObject({ standing: 'purged' });
  expect(await explain(living)).toMatchObject({ standing: 'needed' });
});

it('has no manifests without a tag to ask for', async () => {
  const refused = await api
    .post('/v1/collections')
    .send({ registry: 'prod', when: 'now', reason: 'x', untagged: 'collect' });
  expect(refused.body).toMatchObject({ status: 409, code: 'not_supported_by_engine' });
});
