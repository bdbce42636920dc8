import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import { headManifest, pushImage } from '../../tools/images.js';
import { treeOf } from '../collections/temporary-tree.js';
import { CollectedRegistry, REPOSITORY } from '../support/collected-registry.js';
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
import { createTestDatabase } from '../support/database.js';
import { deleteAndWait } from '../support/deletions.js';
import { registryOptions, startTestGateway } from '../support/gateway.js';

const world = new CollectedRegistry();

describe('delete, collect, push again, pull', () => {
  it('breaks no other image, and takes the same image again although the registry’s cache is stale', async () => {
    await world.deleteOneOfTwo(() => {
      world.save('v1', 'v1');
      world.save('v2', 'v2');
    });
    const collected = await collectAndWait(world.api);
    expect(collected).toMatchObject({ state: 'succeeded', engine: 'sexton', problem: null });
    // Manifest, config and two layers; the shared layer stays.
    expect(collected.quarantined.count).toBe(4);
    world.push('v1', 'v1');
    // Nothing of it is there yet: its tag dangles, and what cannot be shown is not deleted.
    const early = { registry: 'prod', repository: REPOSITORY, references: ['v1'] };
    expect(await deleteAndWait(world.api, early)).toMatchObject({
      state: 'refused',
      plan: { refusals: [{ reference: 'v1', code: 'dangling_tag' }] },
    });
    // The registry still answered that the layers are there, so nothing was uploaded: the healer brings them back.
    world.nowMs += HOUR;
    await vi.waitFor(() => world.save('v1', 'again'), {
      timeout: 30_000,
      interval: 100,
    });
    expect(treeOf(join(world.home, 'again'))).toEqual(treeOf(join(world.home, 'v1')));
    expect(treeOf(world.save('v2', 'v2-again'))).toEqual(treeOf(join(world.home, 'v2')));
    const restored = (await world.eventsOf(collected.id)).filter(
      ({ action }) => action === 'collection.batch_restored',
    );
    expect(restored.flatMap(({ details }) => details['digests'])).not.toEqual([]);
  });

  it('says on the deletion until when it is sure to be restorable, and nothing once it was restored', async () => {
    await world.deleteOneOfTwo();
    const read = async () => {
      const answer = await world.api.get('/v1/deletions?limit=1').expect(200);
      const { items } = answer.body as { items: DeletionView[] };
      return items[0];
    };
    const deletion = await read();
    const goneMs = Date.parse(deletion?.targets[0]?.at ?? '');
    expect(deletion?.restorableUntil).toBe(new Date(goneMs + 7 * 24 * HOUR).toISOString());
    const restore = { reason: 'it was the wrong one' };
    await world.api.post(`/v1/deletions/${deletion?.id}/restore`).send(restore).expect(200);
    expect(await read()).toMatchObject({ state: 'restored', restorableUntil: null });
  });

  it('is restored from quarantine after a collection, and not after the purge', async () => {
    await world.deleteOneOfTwo(() => world.save('v1', 'v1'));
    const answer = await world.api.get('/v1/deletions?limit=1').expect(200);
    const id = (answer.body as { items: DeletionView[] }).items[0]?.id;
    const restore = () => world.api.post(`/v1/deletions/${id}/restore`).send({ reason: 'the wrong one' });
    const collected = await collectAndWait(world.api);
    expect((await restore()).body).toMatchObject({ state: 'restored' });
    expect(treeOf(world.save('v1', 'again'))).toEqual(treeOf(join(world.home, 'v1')));
    expect(await world.get(collected.id)).toMatchObject({ restored: { count: 4 } });
    // Deleted once more, and this time it is purged.
    const target = { registry: 'prod', repository: REPOSITORY, references: ['v1'] };
    const { id: second } = await deleteAndWait(world.api, target);
    await collectAndWait(world.api);
    world.nowMs += 8 * 24 * HOUR;
    await collectAndWait(world.api, { mode: 'purge' });
    const refused = await world.api.post(`/v1/deletions/${second}/restore`).send({ reason: 'too late' });
    expect(refused.body).toMatchObject({ status: 409, code: 'not_restorable' });
  });

  it('gives the space back once the retention is over, and in a window', async () => {
    await world.deleteOneOfTwo();
    const before = await bytesBelow(world.registry.storageDir);
    const { id, quarantined } = await collectAndWait(world.api);
    world.nowMs += 8 * 24 * HOUR;
    await world.untilHealed();
    expect(await world.get(id)).toMatchObject({ purged: { count: 0 } });
    world.nowMs += 1.5 * HOUR;
    await vi.waitFor(async () => expect((await world.get(id)).purged).toEqual(quarantined), {
      timeout: 30_000,
    });
    expect(before - (await bytesBelow(world.registry.storageDir))).toBeGreaterThan(90_000);
    expect((await world.eventsOf(id)).map(({ action }) => action)).toContain('collection.batch_purged');
    world.save('v2', 'v2');
  });
});

describe('a purge', () => {
  it('that is due when a push needs again what waits there brings it back first', async () => {
    await world.deleteOneOfTwo(() => void world.save('v1', 'v1'));
    const { id } = await collectAndWait(world.api);
    world.push('v1', 'v1');
    // In a window, and all of it has waited long enough to go.
    world.nowMs += 8 * 24 * HOUR + 1.5 * HOUR;
    await world.untilHealed();
    expect(treeOf(world.save('v1', 'again'))).toEqual(treeOf(join(world.home, 'v1')));
    expect(await world.get(id)).toMatchObject({ purged: { count: 0 } });
  });

  it('that is asked for takes what has waited for the retention, and nothing before', async () => {
    await world.deleteOneOfTwo();
    const { id, quarantined } = await collectAndWait(world.api);
    world.nowMs += 6 * 24 * HOUR;
    expect((await collectAndWait(world.api, { mode: 'purge' })).summary?.garbage.count).toBe(0);
    expect(await world.get(id)).toMatchObject({ purged: { count: 0 } });
    // Out of any window still: nobody else purges.
    world.nowMs += 2 * 24 * HOUR;
    const purge = await collectAndWait(world.api, { mode: 'purge' });
    expect(purge).toMatchObject({ state: 'succeeded', mode: 'purge', summary: { garbage: quarantined } });
    expect(await world.get(id)).toMatchObject({ purged: quarantined });
    world.save('v2', 'v2');
    expect(
      (await world.api.post(`/v1/collections/${purge.id}/undo`).send({ reason: 'x' })).body,
    ).toMatchObject({ code: 'not_undoable' });
  });
});

describe('a hold', () => {
  it('on a manifest that no tag leads to keeps it, and all that it needs, from a collection', async () => {
    const to = { registryUrl: world.registry.url, repository: REPOSITORY };
    const held = await pushImage(to, { content: 'held', layers: ['evidence'] });
    const loose = await pushImage(to, { content: 'loose' });
    await pushImage(to, { tags: ['v1'], content: 'v1' });
    const what = { registry: 'prod', repository: REPOSITORY, digest: held.digest, reason: 'evidence' };
    await world.api.post('/v1/holds').send(what).expect(201);
    await collectAndWait(world.api, { untagged: 'collect' });
    expect((await headManifest(to, loose.digest)).status).toBe(404);
    expect((await headManifest(to, held.digest)).status).toBe(200);
    const { layers } = JSON.parse(held.bytes.toString('utf8')) as { layers: { digest: string }[] };
    for (const { digest } of layers) {
      const blob = await fetch(`${to.registryUrl}/v2/${REPOSITORY}/blobs/${digest}`);
      expect((await blob.arrayBuffer()).byteLength).toBeGreaterThan(0);
      expect(blob.status).toBe(200);
    }
  });
});

describe('a window', () => {
  it('that is closed lets nothing run, whoever rings; when it opens, what waited runs', async () => {
    await world.deleteOneOfTwo();
    const before = treeOf(world.registry.storageDir, { withTimes: true });
    const { id, state, opensAt } = await askForCollection(world.api, { when: 'window' });
    expect({ state, opensAt }).toEqual({ state: 'waiting', opensAt: '2099-06-01T02:00:00.000Z' });
    // The dry run is done by the very runner that also finds the other one waiting.
    await collectAndWait(world.api, { mode: 'dry-run' });
    expect(await world.get(id)).toMatchObject({ state: 'waiting', startedAt: null });
    expect(treeOf(world.registry.storageDir, { withTimes: true })).toEqual(before);
    world.nowMs = NIGHT + 1.5 * HOUR;
    expect(await untilState(world.api, id, 'succeeded')).toMatchObject({ quarantined: { count: 4 } });
  });

  it('that closes pauses after the batch under way; the next one goes on from there (TRAPS 26)', async () => {
    await world.deleteOneOfTwo();
    world.nowMs = NIGHT + 1.5 * HOUR;
    const gate = await gateAtBatch(world.gateway.database.pool, 1);
    const { id } = await askForCollection(world.api, { when: 'window' });
    await gate.arrived();
    world.nowMs = NIGHT + 2 * HOUR;
    await gate.open();
    expect(await untilState(world.api, id, 'paused')).toMatchObject({
      batches: 1,
      quarantined: { count: 2 },
      opensAt: '2099-06-02T02:00:00.000Z',
    });
    world.save('v2', 'v2');
    const windows = await world.api.get('/v1/collections/windows').expect(200);
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
    world.nowMs = NIGHT + 25.5 * HOUR;
    expect(await untilState(world.api, id, 'succeeded')).toMatchObject({
      batches: 2,
      quarantined: { count: 4 },
    });
    expect((await world.eventsOf(id)).map(({ action }) => action)).toEqual([
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
  it('that is cancelled stops after its batch; resumed it goes on; undone, all is as before (TRAPS 26)', async () => {
    await world.deleteOneOfTwo();
    const before = treeOf(world.registry.storageDir, { without: ['.sexton'] });
    const gate = await gateAtBatch(world.gateway.database.pool, 1);
    const { id } = await askForCollection(world.api);
    await gate.arrived();
    const cancelled = await world.api
      .post(`/v1/collections/${id}/cancel`)
      .send({ reason: 'not now' })
      .expect(200);
    expect(cancelled.body).toMatchObject({ state: 'running', cancelRequested: true });
    await world.api.post(`/v1/collections/${id}/undo`).send({ reason: 'too early' }).expect(409);
    await gate.open();
    expect(await untilState(world.api, id, 'cancelled')).toMatchObject({
      batches: 1,
      quarantined: { count: 2 },
    });
    await world.api.post(`/v1/collections/${id}/resume`).send({ reason: 'now then' }).expect(202);
    expect(await untilState(world.api, id, 'succeeded')).toMatchObject({
      batches: 2,
      quarantined: { count: 4 },
    });
    await world.api.post(`/v1/collections/${id}/undo`).send({ reason: 'a mistake' }).expect(202);
    expect(await untilState(world.api, id, 'undone')).toMatchObject({ restored: { count: 4 } });
    expect(treeOf(world.registry.storageDir, { without: ['.sexton'] })).toEqual(before);
    await world.api.post(`/v1/collections/${id}/undo`).send({ reason: 'again' }).expect(409);
    const verified = await world.api.get('/v1/audit/verification').expect(200);
    expect(verified.body).toMatchObject({ status: 'whole' });
  });

  it('that is cancelled while Sexton stops is cancelled, and lets the next one run', async () => {
    await world.deleteOneOfTwo();
    const database = await createTestDatabase();
    const start = () =>
      startTestGateway({
        database,
        registries: [registryOptions('prod', world.registry.url)],
        collections: [
          collectionOptions(
            { kind: 'sexton', storage: world.registry.storageDir, threads: 0 },
            { batchSize: 2 },
          ),
        ],
        now: () => world.nowMs,
      });
    let gateway = await start();
    try {
      const gate = await gateAtBatch(database.pool, 1);
      const { id } = await askForCollection(gateway.api());
      await gate.arrived();
      await gateway.api().post(`/v1/collections/${id}/cancel`).send({ reason: 'not now' }).expect(200);
      const stopped = gateway.stop();
      await gate.open();
      await stopped;
      gateway = await start();
      expect(await untilState(gateway.api(), id, 'cancelled')).toMatchObject({ batches: 1 });
      expect(await collectAndWait(gateway.api())).toMatchObject({ state: 'succeeded' });
    } finally {
      await gateway.stop();
      await database.drop();
    }
  });

  it('that is cancelled while it still looks stops there, and nothing was taken (TRAPS 26)', async () => {
    await world.deleteOneOfTwo();
    const slow = await startTestGateway({
      registries: [registryOptions('prod', world.registry.url)],
      collections: [
        collectionOptions(
          { kind: 'sexton', storage: world.registry.storageDir, threads: 0 },
          // Looking at this small registry takes half a minute.
          { ioLimit: 2 },
        ),
      ],
      now: () => world.nowMs,
    });
    try {
      const before = treeOf(join(world.registry.storageDir, 'docker'), { withTimes: true });
      const { id } = await askForCollection(slow.api());
      await untilState(slow.api(), id, 'running');
      await slow.api().post(`/v1/collections/${id}/cancel`).send({ reason: 'not now' }).expect(200);
      expect(await untilState(slow.api(), id, 'cancelled')).toMatchObject({ batches: 0, summary: null });
      expect(treeOf(join(world.registry.storageDir, 'docker'), { withTimes: true })).toEqual(before);
    } finally {
      await slow.stop();
    }
  });

  it('names every digest that it took in its audit events', async () => {
    await world.deleteOneOfTwo();
    const { id } = await collectAndWait(world.api);
    const report = await world.api.get(`/v1/collections/${id}/report`).expect(200);
    const candidates = (report.body as { items: { kind: string; digest: string }[] }).items
      .filter(({ kind }) => kind === 'blob')
      .map(({ digest }) => digest);
    const batches = (await world.eventsOf(id)).filter(
      ({ action }) => action === 'collection.batch_quarantined',
    );
    expect(batches.flatMap(({ details }) => details['digests']).sort()).toEqual(candidates.sort());
  });

  it('fails, and touches nothing, where the storage is an empty directory', async () => {
    const empty = await startTestGateway({
      registries: [registryOptions('prod', world.registry.url)],
      collections: [collectionOptions({ kind: 'sexton', storage: world.home, threads: 0 })],
      execution: { targetAttempts: 1 },
      now: () => world.nowMs,
    });
    const collected = await collectAndWait(empty.api());
    await empty.stop();
    expect(collected).toMatchObject({ state: 'failed', problem: { code: 'storage_unavailable' } });
    expect(treeOf(world.home)).toEqual([]);
  });
});
