import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CollectionView } from '../../src/collections/service/collections.dto.js';
import { pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { treeOf } from '../collections/temporary-tree.js';
import {
  askForCollection,
  bytesBelow,
  collectAndWait,
  collectionOptions,
  gateAtBatch,
  HOUR,
  NIGHT,
  untilState,
} from '../support/collections.js';
import { deleteAndWait } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';

let registry: RegistryServer;
let gateway: TestGateway;
let home: string;
let nowMs = NIGHT;
const REPOSITORY = 'team-a/app';
const to = () => ({ registryUrl: registry.url, repository: REPOSITORY });
const api = () => gateway.api();

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'collections-'));
  nowMs = NIGHT;
  registry = await startRegistry();
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url)],
    collections: [
      collectionOptions({ kind: 'sexton', storage: registry.storageDir, threads: 0 }, { batchSize: 2 }),
    ],
    now: () => nowMs,
  });
});

afterEach(async () => {
  await gateway?.stop();
  await registry?.stop();
  rmSync(home, { recursive: true, force: true });
});

/** Images v1 and v2, of a shared layer and others of their own; then v1 is deleted through the gateway. */
const deleteOneOfTwo = async (between: () => Promise<void> = async () => undefined) => {
  for (const tag of ['v1', 'v2']) {
    const layers = [randomBytes(100_000)];
    await pushImage(to(), { tags: [tag], content: tag, sharedLayer: 'base', layers });
  }
  await between();
  const target = { registry: 'prod', repository: REPOSITORY, references: ['v1'] };
  expect(await deleteAndWait(api(), target)).toMatchObject({ state: 'succeeded' });
};

const get = async (id: string): Promise<CollectionView> =>
  (await api().get(`/v1/collections/${id}`).expect(200)).body as CollectionView;

/** Until the healer has looked at what the clock says now. */
const untilHealed = () =>
  vi.waitFor(
    async () => {
      const { rows } = await gateway.database.pool.query<{ healed_at: Date | null }>(
        'select healed_at from collection_registries',
      );
      expect(rows[0]?.healed_at?.getTime()).toBe(nowMs);
    },
    { timeout: 30_000 },
  );

/** A real client: copies between the registry and a folder. */
const skopeo = (from: string, into: string): { status: number | null; stderr: string } =>
  spawnSync('skopeo', ['copy', '--src-tls-verify=false', '--dest-tls-verify=false', from, into], {
    encoding: 'utf8',
  });
const image = (tag: string): string => `docker://${new URL(registry.url).host}/${REPOSITORY}:${tag}`;

const save = (tag: string, folder: string): string => {
  const path = join(home, folder);
  expect(skopeo(image(tag), `dir:${path}`)).toMatchObject({ status: 0 });
  return path;
};

const eventsOf = async (id: string) => {
  const answer = await api().get('/v1/audit/events?registry=prod&limit=100').expect(200);
  const { items } = answer.body as { items: { action: string; details: Record<string, unknown> }[] };
  return items.filter(({ details }) => details['collection'] === id).reverse();
};

describe('delete, collect, push again, pull', () => {
  it('breaks no other image, and takes the same image again although the registry’s cache is stale', async () => {
    await deleteOneOfTwo(async () => {
      save('v1', 'v1');
      save('v2', 'v2');
    });
    const collected = await collectAndWait(api());
    expect(collected).toMatchObject({ state: 'succeeded', engine: 'sexton', problem: null });
    // Manifest, config and two layers; the shared layer stays.
    expect(collected.quarantined.count).toBe(4);
    expect(skopeo(`dir:${join(home, 'v1')}`, image('v1'))).toMatchObject({ status: 0 });
    // The registry still answered that the layers are there, so nothing was uploaded: the healer brings them back.
    nowMs += HOUR;
    await vi.waitFor(() => expect(skopeo(image('v1'), `dir:${join(home, 'again')}`).status).toBe(0), {
      timeout: 30_000,
      interval: 100,
    });
    expect(treeOf(join(home, 'again'))).toEqual(treeOf(join(home, 'v1')));
    expect(treeOf(save('v2', 'v2-again'))).toEqual(treeOf(join(home, 'v2')));
    const restored = (await eventsOf(collected.id)).filter(
      ({ action }) => action === 'collection.batch_restored',
    );
    expect(restored.flatMap(({ details }) => details['digests'])).not.toEqual([]);
  });

  it('gives the space back once the retention is over, and in a window', async () => {
    await deleteOneOfTwo();
    const before = await bytesBelow(registry.storageDir);
    const { id, quarantined } = await collectAndWait(api());
    nowMs += 8 * 24 * HOUR;
    await untilHealed();
    expect(await get(id)).toMatchObject({ purged: { count: 0 } });
    nowMs += 1.5 * HOUR;
    await vi.waitFor(async () => expect((await get(id)).purged).toEqual(quarantined), { timeout: 30_000 });
    expect(before - (await bytesBelow(registry.storageDir))).toBeGreaterThan(90_000);
    expect((await eventsOf(id)).map(({ action }) => action)).toContain('collection.batch_purged');
    save('v2', 'v2');
  });
});

describe('a purge', () => {
  it('that is due when a push needs again what waits there brings it back first', async () => {
    await deleteOneOfTwo(async () => void save('v1', 'v1'));
    const { id } = await collectAndWait(api());
    expect(skopeo(`dir:${join(home, 'v1')}`, image('v1'))).toMatchObject({ status: 0 });
    // In a window, and all of it has waited long enough to go.
    nowMs += 8 * 24 * HOUR + 1.5 * HOUR;
    await untilHealed();
    expect(treeOf(save('v1', 'again'))).toEqual(treeOf(join(home, 'v1')));
    expect(await get(id)).toMatchObject({ purged: { count: 0 } });
  });
});

describe('a dry run', () => {
  it('changes nothing in the storage, and reports every candidate once with its reason', async () => {
    await deleteOneOfTwo();
    const before = treeOf(registry.storageDir, { withTimes: true });
    const { id, state, summary, quarantined } = await collectAndWait(api(), { dryRun: true });
    expect(treeOf(registry.storageDir, { withTimes: true })).toEqual(before);
    expect({ state, quarantined }).toEqual({ state: 'succeeded', quarantined: { count: 0, bytes: 0 } });
    const report = await api().get(`/v1/collections/${id}/report`).expect(200);
    const { items } = report.body as { items: { kind: string; digest?: string; sizeBytes?: number }[] };
    const blobs = items.filter(({ kind }) => kind === 'blob');
    expect(new Set(blobs.map(({ digest }) => digest)).size).toBe(4);
    expect(summary?.garbage).toEqual({
      count: 4,
      bytes: blobs.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0),
    });
    expect(summary?.garbage.bytes).toBeLessThan(110_000);
    const lines = await api().get(`/v1/collections/${id}/report?format=ndjson`).expect(200);
    expect(lines.headers['content-type']).toContain('application/x-ndjson');
    const parsed = lines.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(parsed).toEqual(items);
    const first = await api().get(`/v1/collections/${id}/report?limit=1`).expect(200);
    const { nextCursor } = first.body as { nextCursor: string };
    const second = await api().get(`/v1/collections/${id}/report?limit=1&cursor=${nextCursor}`).expect(200);
    expect((second.body as { items: unknown[] }).items).toEqual([items[1]]);
  });
});

describe('why a blob is still there', () => {
  it('is answered with the path from a tag, or with where it stands', async () => {
    await deleteOneOfTwo();
    const tags = await api().get(`/v1/registries/prod/tags?repository=${REPOSITORY}`).expect(200);
    const [tag] = (tags.body as { items: { digest: string }[] }).items;
    const pulled = await fetch(`${registry.url}/v2/${REPOSITORY}/manifests/v2`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
    const { layers } = (await pulled.json()) as { layers: { digest: string }[] };
    const explain = async (digest: string | undefined) =>
      (await api().get(`/v1/registries/prod/blobs/${digest}/explanation`).expect(200)).body as object;
    expect(await explain(layers[0]?.digest)).toMatchObject({
      standing: 'needed',
      paths: [
        {
          repository: REPOSITORY,
          tag: 'v2',
          steps: [{ digest: tag?.digest }, { digest: layers[0]?.digest }],
        },
      ],
    });
    const { id } = await collectAndWait(api(), { dryRun: true });
    const report = await api().get(`/v1/collections/${id}/report`).expect(200);
    const garbage = (report.body as { items: { kind: string; digest: string }[] }).items.find(
      ({ kind }) => kind === 'blob',
    );
    expect(await explain(garbage?.digest)).toMatchObject({ standing: 'garbage', paths: [] });
    await collectAndWait(api());
    expect(await explain(garbage?.digest)).toMatchObject({ standing: 'in_quarantine' });
    expect(await explain(`sha256:${'0'.repeat(64)}`)).toMatchObject({ standing: 'absent' });
    await api().get('/v1/registries/prod/blobs/sha256:abc/explanation').expect(400);
  });
});

describe('a window', () => {
  it('that is closed lets nothing run, whoever rings; when it opens, what waited runs', async () => {
    await deleteOneOfTwo();
    const before = treeOf(registry.storageDir, { withTimes: true });
    const { id, state, opensAt } = await askForCollection(api(), { when: 'window' });
    expect({ state, opensAt }).toEqual({ state: 'waiting', opensAt: '2099-06-01T02:00:00.000Z' });
    // The dry run is done by the very runner that also finds the other one waiting.
    await collectAndWait(api(), { dryRun: true });
    expect(await get(id)).toMatchObject({ state: 'waiting', startedAt: null });
    expect(treeOf(registry.storageDir, { withTimes: true })).toEqual(before);
    nowMs = NIGHT + 1.5 * HOUR;
    expect(await untilState(api(), id, 'succeeded')).toMatchObject({ quarantined: { count: 4 } });
  });

  it('that closes pauses after the batch under way; the next one goes on from there', async () => {
    await deleteOneOfTwo();
    nowMs = NIGHT + 1.5 * HOUR;
    const gate = await gateAtBatch(gateway.database.pool, 1);
    const { id } = await askForCollection(api(), { when: 'window' });
    await gate.arrived();
    nowMs = NIGHT + 2 * HOUR;
    await gate.open();
    expect(await untilState(api(), id, 'paused')).toMatchObject({
      batches: 1,
      quarantined: { count: 2 },
      opensAt: '2099-06-02T02:00:00.000Z',
    });
    save('v2', 'v2');
    const windows = await api().get('/v1/collections/windows').expect(200);
    expect((windows.body as { items: unknown[] }).items).toMatchObject([
      {
        registry: 'prod',
        isOpen: false,
        opensAt: '2099-06-02T02:00:00.000Z',
        closesAt: '2099-06-02T03:00:00.000Z',
        waiting: 1,
        forecast: { blobs: 2, windowSeconds: 3600, fits: true },
      },
    ]);
    nowMs = NIGHT + 25.5 * HOUR;
    expect(await untilState(api(), id, 'succeeded')).toMatchObject({ batches: 2, quarantined: { count: 4 } });
    expect((await eventsOf(id)).map(({ action }) => action)).toEqual([
      'collection.requested',
      'collection.started',
      'collection.batch_quarantined',
      'collection.paused',
      'collection.resumed',
      'collection.batch_quarantined',
      'collection.finished',
    ]);
  });
});

describe('a collection', () => {
  it('that is cancelled stops after its batch; resumed it goes on; undone, all is as before', async () => {
    await deleteOneOfTwo();
    const before = treeOf(registry.storageDir, { without: ['.sexton'] });
    const gate = await gateAtBatch(gateway.database.pool, 1);
    const { id } = await askForCollection(api());
    await gate.arrived();
    const cancelled = await api()
      .post(`/v1/collections/${id}/cancel`)
      .send({ reason: 'not now' })
      .expect(200);
    expect(cancelled.body).toMatchObject({ state: 'running', cancelRequested: true });
    await api().post(`/v1/collections/${id}/undo`).send({ reason: 'too early' }).expect(409);
    await gate.open();
    expect(await untilState(api(), id, 'cancelled')).toMatchObject({ batches: 1, quarantined: { count: 2 } });
    await api().post(`/v1/collections/${id}/resume`).send({ reason: 'now then' }).expect(202);
    expect(await untilState(api(), id, 'succeeded')).toMatchObject({ batches: 2, quarantined: { count: 4 } });
    await api().post(`/v1/collections/${id}/undo`).send({ reason: 'a mistake' }).expect(202);
    expect(await untilState(api(), id, 'undone')).toMatchObject({ restored: { count: 4 } });
    expect(treeOf(registry.storageDir, { without: ['.sexton'] })).toEqual(before);
    await api().post(`/v1/collections/${id}/undo`).send({ reason: 'again' }).expect(409);
    const verified = await api().get('/v1/audit/verification').expect(200);
    expect(verified.body).toMatchObject({ status: 'whole' });
  });

  it('names every digest that it took in its audit events', async () => {
    await deleteOneOfTwo();
    const { id } = await collectAndWait(api());
    const report = await api().get(`/v1/collections/${id}/report`).expect(200);
    const candidates = (report.body as { items: { kind: string; digest: string }[] }).items
      .filter(({ kind }) => kind === 'blob')
      .map(({ digest }) => digest);
    const batches = (await eventsOf(id)).filter(({ action }) => action === 'collection.batch_quarantined');
    expect(batches.flatMap(({ details }) => details['digests']).sort()).toEqual(candidates.sort());
  });

  it('fails, and touches nothing, where the storage is an empty directory', async () => {
    const empty = await startTestGateway({
      registries: [registryOptions('prod', registry.url)],
      collections: [collectionOptions({ kind: 'sexton', storage: home, threads: 0 })],
      execution: { targetAttempts: 1 },
      now: () => nowMs,
    });
    const collected = await collectAndWait(empty.api());
    await empty.stop();
    expect(collected).toMatchObject({ state: 'failed', problem: { code: 'storage_unavailable' } });
    expect(treeOf(home)).toEqual([]);
  });
});

describe('who may collect', () => {
  it('requesters ask for windows alone and see no report; what they may not see is not there', async () => {
    const keyOf = async (role: string, scope: string): Promise<string> => {
      const made = await api()
        .post('/v1/api-keys')
        .send({ name: role, role, scopes: [scope] })
        .expect(201);
      return (made.body as { secret: string }).secret;
    };
    const requester = gateway.api(await keyOf('requester', 'prod/team-a/**:delete'));
    const stranger = gateway.api(await keyOf('operator', 'other/**:delete'));
    const ask = (body: object) => ({ registry: 'prod', reason: 'space', ...body });
    const asked = await requester.post('/v1/collections').send(ask({})).expect(202);
    const { id } = asked.body as CollectionView;
    for (const body of [{ when: 'now' }, { dryRun: true }, { untagged: 'collect' }]) {
      await requester.post('/v1/collections').send(ask(body)).expect(403);
    }
    await requester.get(`/v1/collections/${id}`).expect(200);
    await requester.get(`/v1/collections/${id}/report`).expect(403);
    await requester.post(`/v1/collections/${id}/cancel`).send({ reason: 'mine' }).expect(403);
    await stranger.get(`/v1/collections/${id}`).expect(404);
    await stranger.post('/v1/collections').send(ask({})).expect(404);
    expect((await stranger.get('/v1/collections').expect(200)).body).toMatchObject({ items: [] });
    expect((await requester.get('/v1/collections').expect(200)).body).toMatchObject({ items: [{ id }] });
    await api().post('/v1/collections').send({ registry: 'prod' }).expect(400);
    await api().post('/v1/collections').send({ registry: 'none', reason: 'x' }).expect(404);
  });
});
