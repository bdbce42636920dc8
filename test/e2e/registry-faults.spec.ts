import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import type { RegistryOptions } from '../../src/registries/registry-options.js';
import { headManifest, pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { untilEnded } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { startRegistryProxy, type Interference, type RegistryProxy } from '../support/registry-proxy.js';

const PASSWORD = 'planted-password-7f3a';
let registry: RegistryServer;
let proxy: RegistryProxy;
let gateway: TestGateway;
let count = 0;
let repository = '';
const answers: string[] = [];

const authorization = `Basic ${Buffer.from(`sexton:${PASSWORD}`).toString('base64')}`;
const at = () => ({ registryUrl: registry.url, repository, authorization });

const ask = async (changes: Record<string, unknown> = {}) => {
  const body = { registry: 'prod', repository, references: ['v1'], reason: 'a test', ...changes };
  const response = await gateway.api().post('/v1/deletions').send(body);
  answers.push(response.text);
  return response;
};

const ended = async (response: { headers: Record<string, string> }): Promise<DeletionView> => {
  const deletion = await untilEnded(gateway.api(), response.headers['location']?.split('/').at(-1) ?? '');
  answers.push(JSON.stringify(deletion));
  return deletion;
};

/** The first `times` requests that match get `answer`; the rest pass. */
const failFirst = (
  times: number,
  matches: (method: string, path: string) => boolean,
  answer: Interference,
) => {
  let failed = 0;
  proxy.interfere(({ method, path }) => (matches(method, path) && failed++ < times ? answer : null));
};

const gatewayOn = (changes: Partial<RegistryOptions> = {}) =>
  startTestGateway({
    registries: [
      registryOptions('prod', proxy.url, {
        credentials: { username: 'sexton', password: PASSWORD },
        requestTimeoutMs: 500,
        ...changes,
      }),
    ],
  });

beforeAll(async () => {
  registry = await startRegistry({ htpasswd: { username: 'sexton', password: PASSWORD } });
  proxy = await startRegistryProxy(registry.url);
});

beforeEach(async () => {
  proxy.interfere(() => null);
  repository = `team-a/app${(count += 1)}`;
  await pushImage(at(), { tags: ['v1'] });
  // A gateway of its own for each test: what one learnt of the registry's abilities must not help the next.
  await gateway?.stop();
  gateway = await gatewayOn();
});

afterAll(async () => {
  await gateway?.stop();
  await proxy?.stop();
  await registry?.stop();
});

const alive = async () => (await headManifest(at(), 'v1')).status === 200;

describe('a registry that does not work now', () => {
  it('and answers 503: the work waits and is done by itself', async () => {
    failFirst(5, () => true, { status: 503 });
    const response = await ask();
    expect(response.status).toBe(202);
    expect(await ended(response)).toMatchObject({ state: 'succeeded', problem: null });
  });

  it('and answers reads of a tag with 500, as while its link is written: the work waits and is done by itself', async () => {
    // More often than one call asks, and than two do.
    failFirst(5, (method, path) => method === 'HEAD' && path.endsWith('/manifests/v1'), { status: 500 });
    expect(await ended(await ask())).toMatchObject({ state: 'succeeded', problem: null });
  });

  it('and is down: accepted, with the problem and the next try visible, then done', async () => {
    proxy.interfere(() => 'reset');
    const waiting = await gateway
      .api()
      .post('/v1/deletions')
      .set('Prefer', 'wait=0')
      .send({ registry: 'prod', repository, references: ['v1'], reason: 'a test' })
      .expect(202);
    const id = (waiting.body as DeletionView).id;
    const seen = await gateway.runtime.changes.waitFor(id, 10_000, new AbortController().signal, async () => {
      const response = await gateway.api().get(`/v1/deletions/${id}`);
      const deletion = response.body as DeletionView;
      return deletion.problem ? deletion : null;
    });
    expect(seen?.problem).toMatchObject({ code: 'upstream_unavailable' });
    expect(seen?.problem?.retryAt).not.toBeNull();
    proxy.interfere(() => null);
    expect((await ended(waiting)).state).toBe('succeeded');
  });

  it('and stays down: the deletion fails after its tries, and nothing was deleted', async () => {
    proxy.interfere(() => 'reset');
    const deletion = await ended(await ask());
    expect(deletion).toMatchObject({
      state: 'failed',
      problem: { code: 'upstream_unavailable', retryAt: null },
    });
    expect(await alive()).toBe(true);
  });

  it('and asks to slow down for longer than a call waits: tried again later, not sooner', async () => {
    const times: number[] = [];
    let limited = false;
    proxy.interfere(({ path }) => {
      if (!path.includes('tags/list')) return null;
      times.push(Date.now());
      if (limited) return null;
      limited = true;
      return { status: 429, headers: { 'retry-after': '1' } };
    });
    expect((await ended(await ask())).state).toBe('succeeded');
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1000);
  });

  it('and is slow: timed out and tried again', async () => {
    let slow = 0;
    proxy.interfere(({ path }) =>
      path.includes('tags/list') && (slow += 1) === 1 ? new Promise<never>(() => undefined) : null,
    );
    expect((await ended(await ask())).state).toBe('succeeded');
  });

  it('and fails in the middle of the work: what was done stays done, the rest follows, nothing twice', async () => {
    await pushImage(at(), { tags: ['v2'], content: 'two' });
    await pushImage(at(), { tags: ['v3'], content: 'three' });
    let deletes = 0;
    proxy.interfere(({ method, path }) =>
      method === 'DELETE' && path.includes(repository) && [3, 4, 5].includes((deletes += 1)) ? 'reset' : null,
    );
    const deletion = await ended(await ask({ references: ['v1', 'v2', 'v3'] }));
    expect(deletion.state).toBe('succeeded');
    expect(deletion.targets.map((target) => target.outcome)).toEqual(['deleted', 'deleted', 'deleted']);
  });

  it('and takes no DELETE at first: what is tagged meanwhile is seen before the next one (TRAPS 1)', async () => {
    const image = await pushImage(at(), { tags: ['v1'] });
    let refused = false;
    proxy.interfere(async ({ method, path }) => {
      if (refused || method !== 'DELETE' || !path.endsWith(`/manifests/${image.digest}`)) return null;
      refused = true;
      await pushImage(at(), { tags: ['stable'] });
      return { status: 503 };
    });
    const deletion = await ended(await ask());
    expect(refused).toBe(true);
    expect((await headManifest(at(), 'stable')).digest).toBe(image.digest);
    expect(deletion).toMatchObject({
      state: 'failed',
      targets: [{ outcome: 'refused', code: 'shared_digest' }],
    });
  });

  it('and loses the answer to a DELETE: what it did is found done, and is not said to have been gone before', async () => {
    const { digest } = await headManifest(at(), 'v1');
    let lost = false;
    proxy.interfere(({ method, path }) => {
      if (lost || method !== 'DELETE' || !path.endsWith(`/manifests/${digest}`)) return null;
      lost = true;
      return 'lose';
    });
    const deletion = await ended(await ask());
    expect(lost).toBe(true);
    expect(deletion).toMatchObject({ state: 'succeeded', targets: [{ outcome: 'deleted' }] });
    expect(await alive()).toBe(false);
  });

  it('and loses the answer to a DELETE, and the tag is pushed again before it is asked: what went can be restored', async () => {
    const { digest } = await pushImage(at(), { tags: ['v1'] });
    let pushed: string | null = null;
    proxy.interfere(async ({ method, path }) => {
      if (pushed !== null || method !== 'DELETE' || !path.endsWith(`/manifests/${digest}`)) return null;
      await fetch(`${registry.url}${path}`, { method, headers: { authorization } });
      pushed = (await pushImage(at(), { tags: ['v1'], content: 'new' })).digest;
      return 'reset';
    });
    const deletion = await ended(await ask());
    expect(deletion).toMatchObject({ state: 'succeeded', targets: [{ digest, outcome: 'deleted' }] });
    expect((await headManifest(at(), 'v1')).digest).toBe(pushed);
    await gateway.api().post(`/v1/deletions/${deletion.id}/restore`).send({ reason: 'a test' }).expect(200);
    expect([(await headManifest(at(), digest)).status, (await headManifest(at(), 'v1')).digest]).toEqual([
      200,
      pushed,
    ]);
  });

  it('and does not let its work be verified: what went can be restored although the target failed', async () => {
    const { digest } = await headManifest(at(), 'v1');
    let isGone = false;
    proxy.interfere(({ method, path }) => {
      if (!path.endsWith(`/manifests/${digest}`)) return null;
      if (method === 'DELETE') isGone = true;
      return isGone && method === 'GET' ? { status: 403 } : null;
    });
    const deletion = await ended(await ask());
    expect(deletion).toMatchObject({ state: 'failed', targets: [{ code: 'upstream_forbidden' }] });
    expect(await alive()).toBe(false);
    proxy.interfere(() => null);
    const restored = await gateway
      .api()
      .post(`/v1/deletions/${deletion.id}/restore`)
      .send({ reason: 'it went' })
      .expect(200);
    expect(restored.body).toMatchObject({ state: 'restored', targets: [{ outcome: 'restored' }] });
    expect(await alive()).toBe(true);
  });
});

describe('a registry that will not', () => {
  const disabled = {
    status: 405,
    headers: { 'content-type': 'application/json' },
    body: '{"errors":[{"code":"UNSUPPORTED"}]}',
  };
  const isDelete = (method: string) => method === 'DELETE';

  it('delete, because that is disabled: says which setting to change (TRAPS 7)', async () => {
    await registry.restart({ deleteEnabled: false });
    const response = await ask();
    await registry.restart({ deleteEnabled: true });
    expect(response.status).toBe(409);
    expect(response.body).toMatchObject({ code: 'delete_disabled' });
    expect((response.body as { detail: string }).detail).toContain('storage.delete.enabled');
    expect(await alive()).toBe(true);
  });

  it('delete while it is read-only: waits, and goes on when it is writable again (TRAPS 7)', async () => {
    await registry.restart({ readOnly: true });
    const response = await gateway
      .api()
      .post('/v1/deletions')
      .set('Prefer', 'wait=0')
      .send({ registry: 'prod', repository, references: ['v1'], reason: 'a test' });
    const id = (response.body as DeletionView).id;
    const seen = await gateway.runtime.changes.waitFor(id, 10_000, new AbortController().signal, async () => {
      const row = await gateway.database.db
        .selectFrom('deletions')
        .select('problem')
        .where('id', '=', id)
        .executeTakeFirst();
      return row?.problem ?? null;
    });
    expect(seen).toMatchObject({ code: 'registry_read_only' });
    await registry.restart({ readOnly: false });
    expect((await ended(response)).state).toBe('succeeded');
  });

  it('delete any more, switched off between plan and delete: the target fails, nothing is claimed', async () => {
    let deletes = 0;
    proxy.interfere(({ method }) => (isDelete(method) && (deletes += 1) > 2 ? disabled : null));
    const deletion = await ended(await ask());
    expect(deletion).toMatchObject({
      state: 'failed',
      targets: [{ outcome: 'failed', code: 'delete_disabled' }],
    });
    expect(await alive()).toBe(true);
  });

  it('let the configured account in', async () => {
    await gateway.stop();
    gateway = await gatewayOn({ credentials: { username: 'sexton', password: `${PASSWORD}-wrong` } });
    const response = await ask();
    expect(response.status).toBe(502);
    expect(response.body).toMatchObject({ code: 'upstream_unauthorized' });
  });

  it('speak its protocol: a page in place of JSON, a redirect, an internal error', async () => {
    const page = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>welcome</html>' };
    proxy.interfere(({ path }) => (path.includes('tags/list') ? page : null));
    expect((await ask()).body).toMatchObject({ code: 'upstream_protocol_error', status: 502 });
    const redirect = { status: 307, headers: { location: 'http://127.0.0.1:1/elsewhere' } };
    proxy.interfere(({ path }) => (path.includes('tags/list') ? redirect : null));
    expect((await ask()).body).toMatchObject({ code: 'upstream_protocol_error' });
    proxy.interfere(({ path }) => (path.includes('tags/list') ? { status: 500 } : null));
    expect((await ask()).body).toMatchObject({ code: 'upstream_error' });
    proxy.interfere(() => null);
    expect(await alive()).toBe(true);
  });
});

describe('secrets', () => {
  it('stay in: no answer, log line, audit event or job holds one', async () => {
    await ask({ references: ['nope'] });
    const audit = await gateway.api().get('/v1/audit/events?limit=500');
    const stored = await gateway.database.db.selectFrom('deletions').selectAll().execute();
    const jobs = await gateway.database.pool.query('select * from bullmq.job').catch(() => ({ rows: [] }));
    const seen = [
      ...answers,
      ...gateway.logLines,
      audit.text,
      JSON.stringify(stored),
      JSON.stringify(jobs.rows),
    ].join('\n');
    expect(seen).toContain('upstream');
    expect(seen).not.toContain(PASSWORD);
    expect(seen).not.toContain(gateway.adminKey);
    expect(seen).not.toContain(authorization.slice('Basic '.length));
  });

  it('stay in while Sexton shows the registries it cannot use', async () => {
    proxy.interfere(() => 'reset');
    const response = await gateway.api().get('/v1/registries').expect(200);
    expect(response.body).toMatchObject({
      items: [{ name: 'prod', reachable: false, problem: { code: 'upstream_unavailable' } }],
    });
    expect(response.text).not.toContain(PASSWORD);
    proxy.interfere(() => null);
    const works = await gateway.api().get('/v1/registries').expect(200);
    expect(works.body).toMatchObject({
      items: [
        { reachable: true, capabilities: { deletion: 'enabled', untag: 'replace', referrersApi: false } },
      ],
    });
    const tags = await gateway.api().get(`/v1/registries/prod/tags?repository=${repository}`).expect(200);
    expect(tags.body).toMatchObject({ items: [{ name: 'v1' }] });
  });
});

describe('GET /v1/registries', () => {
  it('asks at this moment: a registry that worked a moment ago is not said to be reachable', async () => {
    const shown = async () => {
      const response = await gateway.api().get('/v1/registries').expect(200);
      return (response.body as { items: unknown[] }).items[0];
    };
    await ended(await ask());
    expect(await shown()).toMatchObject({ reachable: true, problem: null });
    proxy.interfere(() => 'reset');
    expect(await shown()).toMatchObject({ reachable: false, problem: { code: 'upstream_unavailable' } });
  });
});
