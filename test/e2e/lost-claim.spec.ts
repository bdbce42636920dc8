import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import { headManifest, pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { untilEnded } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { startRegistryProxy, type Interference, type RegistryProxy } from '../support/registry-proxy.js';

let registry: RegistryServer;
let proxy: RegistryProxy;
let gateway: TestGateway;
let count = 0;
let repository = '';

beforeAll(async () => {
  registry = await startRegistry();
  proxy = await startRegistryProxy(registry.url);
  gateway = await startTestGateway({
    registries: [
      registryOptions('prod', proxy.url, {
        attempts: 5,
        credentials: { username: 'sexton', password: 'a-password' },
      }),
    ],
  });
});

afterAll(async () => {
  await gateway?.stop();
  await proxy?.stop();
  await registry?.stop();
});

beforeEach(() => {
  proxy.interfere(() => null);
  repository = `team-a/claimed${(count += 1)}`;
});

const ask = async (references: readonly string[]): Promise<string> => {
  const body = { registry: 'prod', repository, references, reason: 'a test' };
  const answer = await gateway
    .api()
    .post('/v1/deletions')
    .set('Prefer', 'respond-async')
    .send(body)
    .expect(202);
  return (answer.body as DeletionView).id;
};

/** Ends the session that holds the repository, as a restarting PostgreSQL does; returns when it has ended. */
const endClaim = () =>
  gateway.database.pool.query(
    `select pg_terminate_backend(pid, 10000) from pg_locks
     where locktype = 'advisory' and granted and objsubid = 1
       and database = (select oid from pg_database where datname = current_database())`,
  );

const stateOf = async (id: string): Promise<string | undefined> => {
  const query = 'select state from deletions where id = $1';
  return (await gateway.database.pool.query<{ state: string }>(query, [id])).rows[0]?.state;
};

describe('a repository that is lost with the connection that held it', () => {
  it.each([
    // What a registry client repeats by itself.
    ['"later"', { status: 503 }],
    // What it repeats with credentials, whoever may be at work in the repository by then.
    ['"who are you?"', { status: 401, headers: { 'www-authenticate': 'Basic realm="a registry"' } }],
  ])(
    'gets nothing more from who had it, not even the repetition of a delete that was answered %s: the successor looks first',
    async (_answer, answer) => {
      const { digest } = await pushImage(
        { registryUrl: registry.url, repository },
        { tags: ['v1'], content: repository },
      );
      let lostAt = 0;
      proxy.interfere(async ({ method, path }): Promise<Interference> => {
        if (lostAt > 0 || method !== 'DELETE' || !path.endsWith(digest)) return null;
        // Before the claim is ended: its loss may be known, and the successor at work, before that has returned.
        lostAt = proxy.requests.length;
        await endClaim();
        return answer;
      });
      const deletion = await untilEnded(gateway.api(), await ask(['v1']));
      expect(deletion.targets).toMatchObject([{ outcome: 'deleted' }]);
      const after = proxy.requests.slice(lostAt).filter(({ path }) => path.includes(repository));
      const again = after.findIndex(({ method }) => method === 'DELETE');
      expect(after.slice(0, again).map(({ path }) => path)).toContain(`/v2/${repository}/tags/list?n=1000`);
      expect(deletion.problem).toBeNull();
    },
  );

  it('gets no manifest put back any more by who had it: the successor looks first', async () => {
    const { digest } = await pushImage(
      { registryUrl: registry.url, repository },
      { tags: ['v1'], content: repository },
    );
    const { id } = await untilEnded(gateway.api(), await ask(['v1']));
    let lostAt = 0;
    proxy.interfere(async ({ method, path }): Promise<Interference> => {
      if (lostAt > 0 || method !== 'PUT' || !path.endsWith(`${repository}/manifests/${digest}`)) return null;
      lostAt = proxy.requests.length;
      await endClaim();
      return { status: 503 };
    });
    await gateway
      .api()
      .post(`/v1/deletions/${id}/restore`)
      .set('Prefer', 'respond-async')
      .send({ reason: 'a test' })
      .expect(202);
    await vi.waitFor(async () => expect(await stateOf(id)).toBe('restored'), 20_000);
    const after = proxy.requests.slice(lostAt).filter(({ path }) => path.includes(repository));
    expect(lostAt).toBeGreaterThan(0);
    expect(after[0]?.method).not.toBe('PUT');
  });
});

describe('a deletion that others went on with while it was planned', () => {
  const image = (tag: string) =>
    pushImage({ registryUrl: registry.url, repository }, { tags: [tag], content: `${repository} ${tag}` });

  /**
   * Holds the plan of v1 at the registry, moves the deletion to `state`, as another process does that has planned it and
   * whose work waits for later, and lets the registry answer. Returns its id when the plan is over: plans of one
   * repository are made one after the other, and one that came later has ended by then.
   */
  const movedOnWhilePlanned = async (state: 'queued' | 'running', answer: Interference): Promise<string> => {
    for (const tag of ['v1', 'v2']) await image(tag);
    let arrive = (): void => undefined;
    let release = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const released = new Promise<void>((resolve) => (release = resolve));
    let isLater = false;
    proxy.interfere(async ({ path }) => {
      if (isLater || !path.includes(repository)) return null;
      arrive();
      await released;
      return answer;
    });
    const id = await ask(['v1']);
    await arrived;
    await gateway.database.pool.query(
      `update deletions set state = $2, not_before = now() + interval '1 hour' where id = $1`,
      [id, state],
    );
    release();
    const isDone = () =>
      answer === null ||
      gateway.logLines.some((line) => line.includes(id) && line.includes('could not plan'));
    await vi.waitFor(() => expect(isDone()).toBe(true), 20_000);
    isLater = true;
    expect((await untilEnded(gateway.api(), await ask(['v2']))).state).toBe('succeeded');
    return id;
  };

  it('is not failed by who could not plan it', async () => {
    const id = await movedOnWhilePlanned('queued', { status: 403 });
    expect(await stateOf(id)).toBe('queued');
  });

  it('is not put back into the queue by who plans it late: nothing is deleted', async () => {
    const id = await movedOnWhilePlanned('running', null);
    expect(await stateOf(id)).toBe('running');
    expect((await headManifest({ registryUrl: registry.url, repository }, 'v1')).status).toBe(200);
  });
});
