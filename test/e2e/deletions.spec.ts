import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import { headManifest, pushImage, pushIndex, putManifest } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { deleteAndWait, untilEnded } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { startRegistryProxy, type RegistryProxy } from '../support/registry-proxy.js';

let registry: RegistryServer;
let proxy: RegistryProxy;
let gateway: TestGateway;
let count = 0;
let repository = '';

const at = () => ({ registryUrl: registry.url, repository });
const ask = (changes: Record<string, unknown> = {}) => ({
  registry: 'prod',
  repository,
  reason: 'a test',
  ...changes,
});
const run = (changes: Record<string, unknown>) => deleteAndWait(gateway.api(), ask(changes));
const status = async (reference: string) => (await headManifest(at(), reference)).status;

beforeAll(async () => {
  registry = await startRegistry();
  proxy = await startRegistryProxy(registry.url);
  gateway = await startTestGateway({ registries: [registryOptions('prod', proxy.url)] });
});

afterAll(async () => {
  await gateway?.stop();
  await proxy?.stop();
  await registry?.stop();
});

beforeEach(() => {
  proxy.interfere(() => null);
  repository = `team-a/app${(count += 1)}`;
});

describe('tags on one digest (TRAPS 1)', () => {
  it('stop the deletion of one of them, and both still pull', async () => {
    await pushImage(at(), { tags: ['v1', 'stable'] });
    const refused = await run({ references: ['v1'] });
    expect(refused).toMatchObject({
      state: 'refused',
      plan: { refusals: [{ code: 'shared_digest', tags: ['stable'] }] },
    });
    expect([await status('v1'), await status('stable')]).toEqual([200, 200]);
  });

  it('go one by one with siblings: untag, and the other still pulls byte for byte', async () => {
    const image = await pushImage(at(), { tags: ['v1', 'stable'] });
    const done = await run({ references: ['v1'], siblings: 'untag' });
    expect(done.targets).toMatchObject([{ reference: 'v1', outcome: 'untagged' }]);
    expect(await status('v1')).toBe(404);
    expect((await headManifest(at(), 'stable')).digest).toBe(image.digest);
  });

  it('go together with siblings: include, and when all of them are named', async () => {
    await pushImage(at(), { tags: ['v1', 'stable'] });
    expect(await run({ references: ['v1'], siblings: 'include' })).toMatchObject({
      state: 'succeeded',
      plan: { targets: [{ tags: ['stable', 'v1'], siblings: ['stable'] }] },
    });
    await pushImage(at(), { tags: ['v2', 'latest'], content: 'another' });
    expect(await run({ references: ['v2', 'latest'] })).toMatchObject({ state: 'succeeded' });
    expect([await status('stable'), await status('v2'), await status('latest')]).toEqual([404, 404, 404]);
  });

  it('stop a deletion by digest as well, even with siblings: untag', async () => {
    const image = await pushImage(at(), { tags: ['v1'] });
    const refused = await run({ references: [image.digest], siblings: 'untag' });
    expect(refused.plan?.refusals).toMatchObject([{ code: 'shared_digest', tags: ['v1'] }]);
    expect(await status('v1')).toBe(200);
  });
});

describe('a tag that moves between plan and delete (TRAPS 2)', () => {
  const moveWhen = (isTheMoment: (method: string, path: string) => boolean, move: () => Promise<unknown>) => {
    let moved = false;
    proxy.interfere(async ({ method, path }) => {
      if (!moved && isTheMoment(method, path)) {
        moved = true;
        await move();
      }
      return null;
    });
  };

  it('is left alone: nothing is deleted', async () => {
    const old = await pushImage(at(), { tags: ['v1'], content: 'old' });
    let lists = 0;
    moveWhen(
      (_method, path) => path.includes('/tags/list') && (lists += 1) === 2,
      () => pushImage(at(), { tags: ['v1'], content: 'new' }),
    );
    const done = await run({ references: ['v1'] });
    expect(done).toMatchObject({ state: 'failed', targets: [{ outcome: 'tag_moved', code: 'tag_moved' }] });
    expect([await status('v1'), await status(old.digest)]).toEqual([200, 200]);
  });

  it('is left alone also at the last moment, after the repository was looked at again', async () => {
    const old = await pushImage(at(), { tags: ['v1'], content: 'old' });
    let looks = 0;
    moveWhen(
      (method, path) => method === 'HEAD' && path.endsWith('/manifests/v1') && (looks += 1) === 2,
      () => pushImage(at(), { tags: ['v1'], content: 'new' }),
    );
    const done = await run({ references: ['v1'] });
    expect(done.targets).toMatchObject([{ outcome: 'tag_moved' }]);
    expect(await status(old.digest)).toBe(200);
  });

  it('whose image somebody else deletes at the last moment is not said to be ours: nothing is sent', async () => {
    const image = await pushImage(at(), { tags: ['v1'] });
    let looks = 0;
    moveWhen(
      (method, path) => method === 'HEAD' && path.endsWith('/manifests/v1') && (looks += 1) === 2,
      () => fetch(`${registry.url}/v2/${repository}/manifests/${image.digest}`, { method: 'DELETE' }),
    );
    const done = await run({ references: ['v1'] });
    expect(done.targets).toMatchObject([{ outcome: 'already_absent', code: 'already_absent' }]);
    const sent = proxy.requests.filter(({ path }) => path.includes(repository));
    expect(sent.filter(({ method, path }) => method === 'DELETE' && path.endsWith(image.digest))).toEqual([]);
  });

  it('is left alone while it is untagged, up to the write itself', async () => {
    await pushImage(at(), { tags: ['v1', 'stable'], content: 'old' });
    let uploaded = false;
    moveWhen(
      (method, path) => {
        if (method === 'PUT' && path.includes('/blobs/uploads/')) uploaded = true;
        return uploaded && method === 'HEAD' && path.endsWith('/manifests/v1');
      },
      () => pushImage(at(), { tags: ['v1'], content: 'new' }),
    );
    const done = await run({ references: ['v1'], siblings: 'untag' });
    expect(done.targets).toMatchObject([{ outcome: 'tag_moved' }]);
    expect([await status('v1'), await status('stable')]).toEqual([200, 200]);
  });

  it('is left alone while a write that failed is tried again', async () => {
    await pushImage(at(), { tags: ['v1', 'stable'], content: 'old' });
    let tries = 0;
    let pushed: string | null = null;
    proxy.interfere(async ({ method, path }) => {
      if (method !== 'PUT' || !path.endsWith('/manifests/v1') || (tries += 1) > 1) return null;
      pushed = (await pushImage(at(), { tags: ['v1'], content: 'new' })).digest;
      return { status: 503, headers: { 'retry-after': '0' } };
    });
    const done = await run({ references: ['v1'], siblings: 'untag' });
    expect(done.targets).toMatchObject([{ outcome: 'tag_moved' }]);
    expect((await headManifest(at(), 'v1')).digest).toBe(pushed);
    expect(tries).toBe(1);
  });

  it('protects a digest that got another tag meanwhile', async () => {
    const image = await pushImage(at(), { tags: ['v1'] });
    let lists = 0;
    moveWhen(
      (_method, path) => path.includes('/tags/list') && (lists += 1) === 2,
      () => putManifest(at(), image, ['keep-me']),
    );
    const done = await run({ references: ['v1'] });
    expect(done.targets).toMatchObject([{ outcome: 'refused', code: 'shared_digest' }]);
    expect([await status('v1'), await status('keep-me')]).toEqual([200, 200]);
  });

  it('makes a plan stale: execute refuses it with the differences', async () => {
    await pushImage(at(), { tags: ['v1'], content: 'old' });
    const planned = await run({ references: ['v1'], dryRun: true });
    await pushImage(at(), { tags: ['v1'], content: 'new' });
    const response = await gateway.api().post(`/v1/deletions/${planned.id}/execute`).expect(409);
    expect(response.body).toMatchObject({ code: 'plan_stale' });
    expect((response.body as { errors: unknown[] }).errors.length).toBeGreaterThan(0);
    expect(await status('v1')).toBe(200);
  });
});

describe('indexes', () => {
  it('keep their children: a platform is refused by digest and by tag, with the index named (TRAPS 8)', async () => {
    const amd64 = await pushImage(at(), { architecture: 'amd64', content: 'a', tags: ['v1-amd64'] });
    const arm64 = await pushImage(at(), { architecture: 'arm64', content: 'b' });
    const index = await pushIndex(at(), [amd64, arm64], { tags: ['v1'] });
    for (const reference of [arm64.digest, 'v1-amd64']) {
      const refused = await run({ references: [reference] });
      expect(refused.plan?.refusals).toMatchObject([{ code: 'child_of_index', parents: [index.digest] }]);
    }
    const untagged = await run({ references: ['v1-amd64'], siblings: 'untag' });
    expect(untagged).toMatchObject({ state: 'succeeded', targets: [{ outcome: 'untagged' }] });
    expect([await status(amd64.digest), await status('v1'), await status('v1-amd64')]).toEqual([
      200, 200, 404,
    ]);
  });

  it('take their children along, and none that another index needs (TRAPS 9)', async () => {
    const shared = await pushImage(at(), { architecture: 'amd64', content: 'a' });
    const own = await pushImage(at(), { architecture: 'arm64', content: 'b' });
    await pushIndex(at(), [shared, own], { tags: ['v1'] });
    await pushIndex(at(), [shared], { tags: ['v2'] });
    const done = await run({ references: ['v1'] });
    expect(done).toMatchObject({ state: 'succeeded' });
    expect([await status('v1'), await status(own.digest)]).toEqual([404, 404]);
    expect([await status('v2'), await status(shared.digest)]).toEqual([200, 200]);
  });

  it('and images take along what speaks about them, by fallback tag and by cosign’s (TRAPS 10)', async () => {
    const image = await pushImage(at(), { tags: ['v1'] });
    const other = await pushImage(at(), { tags: ['v2'], content: 'other' });
    const stemOf = (digest: string) => digest.replace(':', '-');
    const sbom = await pushImage(at(), { content: 'sbom', subject: image, artifactType: 'a/b' });
    await pushIndex(at(), [sbom], { tags: [stemOf(image.digest)] });
    for (const suffix of ['sig', 'att', 'sbom']) {
      await pushImage(at(), { content: suffix, tags: [`${stemOf(image.digest)}.${suffix}`] });
    }
    await pushImage(at(), { content: 'of the other', tags: [`${stemOf(other.digest)}.sig`] });
    expect(await run({ references: ['v1'] })).toMatchObject({ state: 'succeeded' });
    const tags = await fetch(`${registry.url}/v2/${repository}/tags/list`);
    expect(((await tags.json()) as { tags: string[] }).tags.sort()).toEqual(
      [`${stemOf(other.digest)}.sig`, 'v2'].sort(),
    );
    expect([await status(sbom.digest), await status('v2')]).toEqual([404, 200]);
  });

  it('of Docker are resolved as themselves, never as one of their platforms (TRAPS 3)', async () => {
    const amd64 = await pushImage(at(), { family: 'docker', architecture: 'amd64', content: 'a' });
    const arm64 = await pushImage(at(), { family: 'docker', architecture: 'arm64', content: 'b' });
    const list = await pushIndex(at(), [amd64, arm64], { family: 'docker', tags: ['v1'] });
    const done = await run({ references: ['v1'], children: 'keep' });
    expect(done.targets).toMatchObject([{ digest: list.digest, outcome: 'deleted' }]);
    expect([await status('v1'), await status(amd64.digest), await status(arm64.digest)]).toEqual([
      404, 200, 200,
    ]);
  });
});

describe('verification', () => {
  it('fails a target that the registry accepted and still serves (TRAPS 5)', async () => {
    await pushImage(at(), { tags: ['v1'] });
    proxy.interfere(({ method, path }) =>
      method === 'DELETE' && path.includes(repository) && !path.includes('probe') ? { status: 202 } : null,
    );
    const done = await run({ references: ['v1'] });
    expect(done).toMatchObject({
      state: 'failed',
      targets: [{ outcome: 'failed', code: 'verification_failed' }],
    });
  });

  const unknown = {
    status: 404,
    headers: { 'content-type': 'application/json' },
    body: '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}',
  };

  it('asks for the digest itself: its tags being gone is not enough', async () => {
    await pushImage(at(), { tags: ['v1'] });
    let accepted = false;
    proxy.interfere(({ method, path }) => {
      if (
        method === 'DELETE' &&
        path.includes(`${repository}/manifests/sha256:`) &&
        !path.includes('probe')
      ) {
        accepted = true;
        return { status: 202 };
      }
      return accepted && path.endsWith('/manifests/v1') ? unknown : null;
    });
    const done = await run({ references: ['v1'] });
    expect(done.targets).toMatchObject([{ outcome: 'failed', code: 'verification_failed' }]);
  });

  it('asks for the tags as well: the digest being gone is not enough (TRAPS 5)', async () => {
    const image = await pushImage(at(), { tags: ['v1'] });
    let deleted = false;
    proxy.interfere(({ method, path }) => {
      if (method === 'DELETE' && path.endsWith(image.digest)) deleted = true;
      const headers = { 'docker-content-digest': image.digest, 'content-type': image.mediaType };
      const body = image.bytes.toString();
      return deleted && path.endsWith('/manifests/v1') ? { status: 200, headers, body } : null;
    });
    const done = await run({ references: ['v1'] });
    expect(done.targets).toMatchObject([{ outcome: 'failed', code: 'verification_failed' }]);
  });

  it('does not take "not in a type you accept" for "already gone" (TRAPS 4)', async () => {
    await pushImage(at(), { tags: ['v1'] });
    const body = unknown.body.replace(
      'manifest unknown',
      'OCI manifest found, but accept header does not support OCI manifests',
    );
    proxy.interfere(({ path }) => (path.endsWith('/manifests/v1') ? { ...unknown, body } : null));
    const response = await gateway
      .api()
      .post('/v1/deletions')
      .send(ask({ references: ['v1'] }));
    expect(response.status).toBe(502);
    proxy.interfere(() => null);
    expect(await status('v1')).toBe(200);
  });

  it('does not take a 404 of some proxy for "already gone" (TRAPS 4)', async () => {
    await pushImage(at(), { tags: ['v1'] });
    proxy.interfere(({ path }) =>
      path.includes(`${repository}/manifests/v1`)
        ? { status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>not here</h1>' }
        : null,
    );
    const response = await gateway
      .api()
      .post('/v1/deletions')
      .send(ask({ references: ['v1'] }));
    expect(response.status).toBe(502);
    expect(response.body).toMatchObject({ code: 'upstream_protocol_error' });
    proxy.interfere(() => null);
    expect(await status('v1')).toBe(200);
  });

  it('says already_absent only for what is gone beyond doubt', async () => {
    const image = await pushImage(at(), { tags: ['v1'] });
    let lists = 0;
    proxy.interfere(async ({ path }) => {
      if (path.includes('/tags/list') && (lists += 1) === 2) {
        await fetch(`${registry.url}/v2/${repository}/manifests/${image.digest}`, { method: 'DELETE' });
      }
      return null;
    });
    const done = await run({ references: ['v1'] });
    expect(done).toMatchObject({ state: 'succeeded', targets: [{ outcome: 'already_absent' }] });
  });
});

describe('an Idempotency-Key', () => {
  const post = (key: string, changes: Record<string, unknown>, api = gateway.api()) =>
    api.post('/v1/deletions').set('Idempotency-Key', key).send(ask(changes));

  it('with the same body is the same deletion, also when both come at once and after it ended', async () => {
    await pushImage(at(), { tags: ['v1'] });
    const key = `key-${repository}`;
    const [first, second] = await Promise.all([
      post(key, { references: ['v1'] }),
      post(key, { references: ['v1'], dryRun: false }),
    ]);
    expect(second.headers['location']).toBe(first.headers['location']);
    await untilEnded(gateway.api(), (first.body as DeletionView).id);
    const third = await post(key, { references: ['v1'] });
    expect(third.body).toMatchObject({ id: (first.body as DeletionView).id, state: 'succeeded' });
  });

  it('with another body is refused', async () => {
    await pushImage(at(), { tags: ['v1', 'v2'] });
    const key = `key-${repository}`;
    await post(key, { references: ['v1'], dryRun: true }).expect(409);
    const response = await post(key, { references: ['v2'], dryRun: true }).expect(422);
    expect(response.body).toMatchObject({ code: 'idempotency_key_reused' });
  });

  it('belongs to its caller: another one may use the same', async () => {
    await pushImage(at(), { tags: ['v1'] });
    const created = await gateway
      .api()
      .post('/v1/api-keys')
      .send({ name: 'other', role: 'requester', scopes: ['prod/team-a/**:delete'] });
    const other = gateway.api((created.body as { secret: string }).secret);
    const key = `key-${repository}`;
    const mine = await post(key, { references: ['v1'], dryRun: true }).expect(202);
    const theirs = await post(key, { references: ['v1'], dryRun: true }, other).expect(202);
    expect(theirs.headers['location']).not.toBe(mine.headers['location']);
  });
});

describe('a deletion as a resource', () => {
  it('can be cancelled while it is planned, and not after it ran', async () => {
    await pushImage(at(), { tags: ['v1'] });
    const planned = await run({ references: ['v1'], dryRun: true });
    const cancel = (id: string) =>
      gateway.api().post(`/v1/deletions/${id}/cancel`).send({ reason: 'changed my mind' });
    expect((await cancel(planned.id).expect(200)).body).toMatchObject({ state: 'cancelled' });
    expect((await cancel(planned.id).expect(409)).body).toMatchObject({ code: 'not_cancellable' });
    const execute = await gateway.api().post(`/v1/deletions/${planned.id}/execute`).expect(409);
    expect(execute.body).toMatchObject({ code: 'not_executable' });
    expect(await status('v1')).toBe(200);
    const done = await run({ references: ['v1'] });
    expect((await cancel(done.id).expect(409)).body).toMatchObject({ code: 'not_cancellable' });
  });

  it('is executed once: who asks for that too late changes nothing of one that runs', async () => {
    const image = await pushImage(at(), { tags: ['v1'] });
    const { id } = await run({ references: ['v1'], dryRun: true });
    const execute = () => gateway.api().post(`/v1/deletions/${id}/execute`).send({});
    let isRunning = (_: null): void => undefined;
    const running = new Promise<null>((resolve) => (isRunning = resolve));
    let isLooking = (_: null): void => undefined;
    const looking = new Promise<null>((resolve) => (isLooking = resolve));
    let lists = 0;
    let late: Promise<{ status: number }> | null = null;
    proxy.interfere(async ({ method, path }) => {
      if (path.includes('/tags/list') && (lists += 1) === 1) {
        isLooking(null);
        return running;
      }
      if (method === 'DELETE' && path.endsWith(image.digest)) {
        isRunning(null);
        await late;
      }
      return null;
    });
    late = execute().then((response) => response);
    await looking;
    await execute().expect(202);
    expect((await late).status).toBe(409);
    expect(await untilEnded(gateway.api(), id)).toMatchObject({
      state: 'succeeded',
      targets: [{ outcome: 'deleted' }],
    });
  });

  it('is listed newest first, page by page, by every filter', async () => {
    for (const tag of ['a', 'b', 'c']) await pushImage(at(), { tags: [tag], content: tag });
    const ids: string[] = [];
    for (const tag of ['a', 'b', 'c'])
      ids.unshift((await run({ references: [tag], dryRun: tag !== 'c' })).id);
    const list = async (query: string) => {
      const response = await gateway.api().get(`/v1/deletions?repository=${repository}&${query}`).expect(200);
      return response.body as { items: DeletionView[]; nextCursor: string | null };
    };
    const first = await list('limit=2');
    const second = await list(`limit=2&cursor=${first.nextCursor ?? ''}`);
    expect([...first.items, ...second.items].map((item) => item.id)).toEqual(ids);
    expect(second.nextCursor).toBeNull();
    expect((await list('state=planned')).items).toHaveLength(2);
    expect((await list('state=succeeded&registry=prod')).items).toHaveLength(1);
    expect((await list(`since=${first.items[0]?.createdAt ?? ''}`)).items).toHaveLength(1);
    expect((await list(`until=${first.items[0]?.createdAt ?? ''}`)).items).toHaveLength(2);
    expect((await list('requestedBy=nobody')).items).toEqual([]);
  });

  it('does not make the client wait when it says so', async () => {
    await pushImage(at(), { tags: ['v1'] });
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    proxy.interfere(async () => {
      await released;
      return null;
    });
    const response = await gateway
      .api()
      .post('/v1/deletions')
      .set('Prefer', 'respond-async')
      .send(ask({ references: ['v1'] }))
      .expect(202);
    expect(response.body).toMatchObject({ state: 'planning', plan: null });
    release();
    expect((await untilEnded(gateway.api(), (response.body as DeletionView).id)).state).toBe('succeeded');
  });
});

describe('one hundred deletions over ten repositories', { timeout: 240_000 }, () => {
  it('never run two at once in one repository, and all are verified', async () => {
    const repositories = Array.from({ length: 10 }, (_, i) => `hundred/r${i}`);
    await Promise.all(
      repositories.map(async (name) => {
        for (let i = 0; i < 10; i += 1) {
          await pushImage(
            { registryUrl: registry.url, repository: name },
            { tags: [`t${i}`], content: `${name} ${i}` },
          );
        }
      }),
    );
    const asked = repositories.flatMap((name) =>
      Array.from({ length: 10 }, (_, i) => ({ repository: name, references: [`t${i}`] })),
    );
    const done = await Promise.all(asked.map((changes) => run(changes)));
    const others = done.filter((deletion) => deletion.state !== 'succeeded' || deletion.problem !== null);
    expect(others.map(({ state, problem, targets }) => ({ state, problem, targets }))).toEqual([]);
    for (const name of repositories) {
      const spans = done
        .filter((deletion) => deletion.repository === name)
        .map((d) => ({ from: Date.parse(d.startedAt ?? ''), to: Date.parse(d.finishedAt ?? '') }))
        .sort((a, b) => a.from - b.from || a.to - b.to);
      expect(spans).toHaveLength(10);
      for (const [i, span] of spans.entries()) {
        const before = spans[i - 1];
        if (before) expect(span.from).toBeGreaterThanOrEqual(before.to);
      }
    }
    const audit = await gateway.api().get('/v1/audit/verification').expect(200);
    expect(audit.body).toMatchObject({ status: 'whole' });
  });
});
