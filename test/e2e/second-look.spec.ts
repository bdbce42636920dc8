import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import { headManifest, pushImage, pushIndex, putManifest } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { deleteAndWait, untilEnded } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { read, untilState } from '../support/guarded.js';
import { startRegistryProxy, type RegistryProxy } from '../support/registry-proxy.js';

let registry: RegistryServer;
let proxy: RegistryProxy;
let gateway: TestGateway;
let nowMs = Date.now();
let count = 0;
let repository = '';

const at = () => ({ registryUrl: registry.url, repository });
const status = async (reference: string) => (await headManifest(at(), reference)).status;
const run = (references: readonly string[]) =>
  deleteAndWait(gateway.api(), { registry: 'prod', repository, references });
const ask = async (references: readonly string[]): Promise<string> => {
  const body = { registry: 'prod', repository, references, reason: 'a test' };
  return ((await gateway.api().post('/v1/deletions').send(body).expect(202)).body as DeletionView).id;
};

beforeAll(async () => {
  registry = await startRegistry();
  proxy = await startRegistryProxy(registry.url);
  gateway = await startTestGateway({
    registries: [registryOptions('prod', proxy.url)],
    guardrails: {
      approvals: [
        {
          ...{ name: 'guarded', registry: null, repository: 'guarded/*', tags: null, targetsOver: null },
          ...{ shareOver: null, bytesOver: null, referrers: false, approvers: 1, expiresAfterMs: 3_600_000 },
        },
      ],
    },
    now: () => nowMs,
  });
});
afterAll(async () => {
  await gateway?.stop();
  await proxy?.stop();
  await registry?.stop();
});
beforeEach(() => {
  proxy.interfere(() => null);
  nowMs = Date.now();
  repository = `team-a/app${(count += 1)}`;
});

/** Calls `then` before the registry sees the DELETE of this manifest. */
const beforeDeleteOf = (digest: string, then: () => Promise<unknown>): void =>
  proxy.interfere(async ({ method, path }) => {
    if (method === 'DELETE' && path.endsWith(digest)) await then();
    return null;
  });

describe('a deletion of several targets', () => {
  it('leaves the platforms of an index that it had to leave (TRAPS 8)', async () => {
    const child = await pushImage(at(), { content: repository });
    const index = await pushIndex(at(), [child], { tags: ['v1'] });
    let lists = 0;
    proxy.interfere(async ({ path }) => {
      if (path.includes(`${repository}/tags/list`) && (lists += 1) === 2)
        await putManifest(at(), index, ['keep']);
      return null;
    });
    const done = await run(['v1']);
    expect(done.targets.map(({ code }) => code)).toEqual(['shared_digest', 'plan_stale']);
    expect([await status('keep'), await status(child.digest)]).toEqual([200, 200]);
  });

  it('looks at the repository anew after a while: what was tagged meanwhile stays (TRAPS 1)', async () => {
    const first = await pushImage(at(), { tags: ['v1'], content: `${repository} 1` });
    const second = await pushImage(at(), { tags: ['v2'], content: `${repository} 2` });
    const [early = first, late = second] = [first, second].sort((a, b) => (a.digest < b.digest ? -1 : 1));
    beforeDeleteOf(early.digest, async () => {
      nowMs += 60_000;
      await putManifest(at(), late, ['keep']);
    });
    const done = await run(['v1', 'v2']);
    expect(done.targets.map(({ outcome, code }) => code ?? outcome)).toEqual(['deleted', 'shared_digest']);
    expect((await headManifest(at(), 'keep')).digest).toBe(late.digest);
  });
});

describe('a deletion that is queued', () => {
  it('is not begun when it is cancelled at the moment of its turn', async () => {
    for (const tag of ['v1', 'v2']) await pushImage(at(), { tags: [tag], content: `${repository} ${tag}` });
    const pause = await gateway
      .api()
      .post('/v1/pauses')
      .send({ registry: 'prod', reason: 'a test' })
      .expect(201);
    const id = await ask(['v1']);
    await untilState(gateway.api(), id, 'queued');
    const client = await gateway.database.pool.connect();
    try {
      await client.query('begin');
      await client.query(`update deletions set state = 'cancelled', finished_at = now() where id = $1`, [id]);
      const ended = `/v1/pauses/${(pause.body as { id: string }).id}`;
      await gateway.api().delete(ended).send({ reason: 'a test' }).expect(204);
      // Seen as queued, it is about to be begun, and waits for who has the row.
      await vi.waitFor(
        async () => {
          const waiting = await gateway.database.pool.query(
            `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
               and query like 'update "deletions"%'`,
          );
          expect(waiting.rows).toHaveLength(1);
        },
        { timeout: 20_000 },
      );
      await client.query('commit');
    } finally {
      client.release();
    }
    // The repository's deletions go one after the other.
    expect(await untilEnded(gateway.api(), await ask(['v2']))).toMatchObject({ state: 'succeeded' });
    expect(await read(gateway.api(), id)).toMatchObject({ state: 'cancelled', startedAt: null });
    expect(await status('v1')).toBe(200);
  });

  it.each([
    ['without its approval', '{"decisions": []}'],
    ['with the approval of another plan', '{"planHash": "sha256:another"}'],
  ])('%s deletes nothing, however it came there', async (_how, changes) => {
    repository = `guarded/app${count}`;
    await pushImage(at(), { tags: ['v1'], content: repository });
    const id = await ask(['v1']);
    await untilState(gateway.api(), id, 'awaiting_approval');
    const approved = JSON.stringify({
      decisions: [{ decision: 'approved', by: { id: 'k', name: 'k' }, reason: 'r', at: new Date() }],
    });
    await gateway.database.pool.query(
      `update deletions set state = 'queued', approval = (approval::jsonb || $2::jsonb || $3::jsonb) where id = $1`,
      [id, approved, changes],
    );
    const done = await untilEnded(gateway.api(), id);
    expect(done).toMatchObject({
      state: 'failed',
      targets: [{ outcome: 'failed', code: 'approval_required' }],
    });
    expect(await status('v1')).toBe(200);
  });
});
