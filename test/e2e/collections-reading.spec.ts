import request from 'supertest';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { CollectionView } from '../../src/collections/service/collections.dto.js';
import { FindingsStore } from '../../src/collections/service/findings.store.js';
import { treeOf } from '../collections/temporary-tree.js';
import { CollectedRegistry, REPOSITORY } from '../support/collected-registry.js';
import { collectAndWait } from '../support/collections.js';

const world = new CollectedRegistry();

describe('a dry run', () => {
  it('changes nothing in the storage, and reports every candidate once with its reason (TRAPS 24, 25)', async () => {
    await world.deleteOneOfTwo();
    const before = treeOf(world.registry.storageDir, { withTimes: true });
    const { id, state, summary, quarantined } = await collectAndWait(world.api, { mode: 'dry-run' });
    expect(treeOf(world.registry.storageDir, { withTimes: true })).toEqual(before);
    expect({ state, quarantined }).toEqual({ state: 'succeeded', quarantined: { count: 0, bytes: 0 } });
    const report = await world.api.get(`/v1/collections/${id}/report`).expect(200);
    const { items } = report.body as { items: { kind: string; digest?: string; sizeBytes?: number }[] };
    const blobs = items.filter(({ kind }) => kind === 'blob');
    expect(new Set(blobs.map(({ digest }) => digest)).size).toBe(4);
    expect(summary?.garbage).toEqual({
      count: 4,
      bytes: blobs.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0),
    });
    expect(summary?.garbage.bytes).toBeLessThan(110_000);
    const lines = await world.api.get(`/v1/collections/${id}/report?format=ndjson`).expect(200);
    expect(lines.headers['content-type']).toContain('application/x-ndjson');
    const parsed = lines.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(parsed).toEqual(items);
    const read = vi.spyOn(FindingsStore.prototype, 'page');
    onTestFinished(() => read.mockRestore());
    const path = `/v1/collections/${id}/report?format=ndjson`;
    const head = (at: string) =>
      request(world.gateway.url).head(at).set('Authorization', `Bearer ${world.gateway.adminKey}`);
    expect((await head(path).expect(200)).headers['content-type']).toBe(lines.headers['content-type']);
    await head(path.replace(id, 'nope')).expect(404);
    expect(read).not.toHaveBeenCalled();
    const first = await world.api.get(`/v1/collections/${id}/report?limit=1`).expect(200);
    const { nextCursor } = first.body as { nextCursor: string };
    const second = await world.api
      .get(`/v1/collections/${id}/report?limit=1&cursor=${nextCursor}`)
      .expect(200);
    expect((second.body as { items: unknown[] }).items).toEqual([items[1]]);
  });
});

describe('why a blob is still there', () => {
  it('is answered with the path from a tag, or with where it stands', async () => {
    await world.deleteOneOfTwo();
    const tags = await world.api.get(`/v1/registries/prod/tags?repository=${REPOSITORY}`).expect(200);
    const [tag] = (tags.body as { items: { digest: string }[] }).items;
    const pulled = await fetch(`${world.registry.url}/v2/${REPOSITORY}/manifests/v2`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
    const { layers } = (await pulled.json()) as { layers: { digest: string }[] };
    const explain = async (digest: string | undefined) =>
      (await world.api.get(`/v1/registries/prod/blobs/${digest}/explanation`).expect(200)).body as object;
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
    const { id } = await collectAndWait(world.api, { mode: 'dry-run' });
    const report = await world.api.get(`/v1/collections/${id}/report`).expect(200);
    const garbage = (report.body as { items: { kind: string; digest: string }[] }).items.find(
      ({ kind }) => kind === 'blob',
    );
    expect(await explain(garbage?.digest)).toMatchObject({ standing: 'garbage', paths: [] });
    await collectAndWait(world.api);
    expect(await explain(garbage?.digest)).toMatchObject({ standing: 'in_quarantine' });
    expect(await explain(`sha256:${'0'.repeat(64)}`)).toMatchObject({ standing: 'absent' });
    await world.api.get('/v1/registries/prod/blobs/sha256:abc/explanation').expect(400);
  });
});

describe('who may collect', () => {
  it('requesters ask for windows alone and see no report; what they may not see is not there', async () => {
    const keyOf = async (role: string, scope: string): Promise<string> => {
      const made = await world.api
        .post('/v1/api-keys')
        .send({ name: role, role, scopes: [scope] })
        .expect(201);
      return (made.body as { secret: string }).secret;
    };
    const requester = world.gateway.api(await keyOf('requester', 'prod/team-a/**:delete'));
    const stranger = world.gateway.api(await keyOf('operator', 'other/**:delete'));
    const ask = (body: object) => ({ registry: 'prod', reason: 'space', ...body });
    const asked = await requester.post('/v1/collections').send(ask({})).expect(202);
    const { id } = asked.body as CollectionView;
    for (const body of [{ when: 'now' }, { mode: 'dry-run' }, { untagged: 'collect' }]) {
      await requester.post('/v1/collections').send(ask(body)).expect(403);
    }
    await requester.get(`/v1/collections/${id}`).expect(200);
    await requester.get(`/v1/collections/${id}/report`).expect(403);
    await requester.post(`/v1/collections/${id}/cancel`).send({ reason: 'mine' }).expect(403);
    await stranger.get(`/v1/collections/${id}`).expect(404);
    await stranger.post('/v1/collections').send(ask({})).expect(404);
    expect((await stranger.get('/v1/collections').expect(200)).body).toMatchObject({ items: [] });
    expect((await requester.get('/v1/collections').expect(200)).body).toMatchObject({ items: [{ id }] });
    await world.api.post('/v1/collections').send({ registry: 'prod' }).expect(400);
    await world.api.post('/v1/collections').send({ registry: 'none', reason: 'x' }).expect(404);
  });
});
