import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import type { HoldView } from '../../src/holds/holds.dto.js';
import { headManifest, pushImage, pushIndex } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { deleteAndWait, untilEnded } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestApi, type TestGateway } from '../support/gateway.js';
import { makeKey } from '../support/keys.js';
import { startRegistryProxy, type RegistryProxy } from '../support/registry-proxy.js';

let registry: RegistryServer;
let proxy: RegistryProxy;
let gateway: TestGateway;
let count = 0;
let repository = '';

const at = () => ({ registryUrl: registry.url, repository });
const status = async (reference: string) => (await headManifest(at(), reference)).status;
const run = (body: Record<string, unknown>) =>
  deleteAndWait(gateway.api(), { registry: 'prod', repository, ...body });

const hold = async (what: Record<string, unknown> = {}): Promise<HoldView> => {
  const body = { registry: 'prod', repository, reason: 'evidence', ...what };
  return (await gateway.api().post('/v1/holds').send(body).expect(201)).body as HoldView;
};

beforeAll(async () => {
  registry = await startRegistry();
  proxy = await startRegistryProxy(registry.url);
  gateway = await startTestGateway({
    registries: [registryOptions('prod', proxy.url)],
    guardrails: {
      holds: [
        {
          id: 'config_0123456789abcdef',
          registry: 'prod',
          repository: 'team-a/**',
          tags: 'release-*',
          digest: null,
          reason: 'shipped to customers',
        },
      ],
    },
  });
});

afterAll(async () => {
  await gateway?.stop();
  await proxy?.stop();
  await registry?.stop();
});

beforeEach(() => {
  proxy.interfere(() => null);
  repository = `team-a/held${(count += 1)}`;
});

describe('a pattern of sexton.yaml', () => {
  it('keeps its tag, under every name of its image and against every widening', async () => {
    const image = await pushImage(at(), { tags: ['release-1', 'v1'], content: repository });
    const answer = await gateway
      .api()
      .post('/v1/deletions')
      .send({ registry: 'prod', repository, references: ['release-1'], reason: 'a test' })
      .expect(409);
    expect(answer.body).toMatchObject({
      code: 'held',
      detail: expect.stringContaining('config_0123456789abcdef: shipped to customers') as string,
    });
    const widened = await run({ references: ['v1'], siblings: 'include' });
    const byDigest = await run({ references: [image.digest], siblings: 'include' });
    const whole = await run({ wholeRepository: true });
    for (const refused of [widened, byDigest, whole]) {
      expect(refused.state).toBe('refused');
      expect(refused.plan?.refusals.map(({ code }) => code)).toContain('held');
    }
    expect([await status('release-1'), await status('v1')]).toEqual([200, 200]);
  });

  it('lets rules leave it out, so that what they clean up besides goes', async () => {
    await pushImage(at(), { tags: ['release-1'], content: `${repository} kept` });
    await pushImage(at(), { tags: ['dev-1'], content: `${repository} gone` });
    const done = await run({ selector: { tags: '*' } });
    expect(done.state).toBe('succeeded');
    expect(done.plan?.notes.join()).toContain('release-1 stays: it is held by config_');
    expect([await status('release-1'), await status('dev-1')]).toEqual([200, 404]);
  });
});

describe('a hold made through the API', () => {
  it('on a digest keeps a child from going with its index', async () => {
    const child = await pushImage(at(), { content: `${repository} child` });
    await pushIndex(at(), [child], { tags: ['v1'] });
    await hold({ digest: child.digest });
    const refused = await run({ references: ['v1'] });
    expect(refused.plan?.refusals).toMatchObject([{ reference: 'v1', code: 'held' }]);
    expect([await status('v1'), await status(child.digest)]).toEqual([200, 200]);
  });

  it('between a dry run and its execution makes the plan stale, and says why', async () => {
    await pushImage(at(), { tags: ['v1'], content: repository });
    const planned = await run({ references: ['v1'], dryRun: true });
    const { id } = await hold({ tags: 'v*' });
    const stale = await gateway.api().post(`/v1/deletions/${planned.id}/execute`).expect(409);
    expect(stale.body).toMatchObject({ code: 'plan_stale' });
    expect(stale.text).toContain(id);
    expect(await status('v1')).toBe(200);
  });

  it.each([
    ['before the target is looked at again', 'GET', '/tags/list', 2],
    ['at the last moment before the delete', 'HEAD', '/manifests/v1', 2],
  ])('after the plan, %s, keeps the image', async (_when, method, path, nth) => {
    const image = await pushImage(at(), { tags: ['v1'], content: repository });
    let seen = 0;
    proxy.interfere(async (request) => {
      const isIt =
        request.method === method && request.path.includes(repository) && request.path.includes(path);
      if (isIt && (seen += 1) === nth) await hold({ tags: 'v1' });
      return null;
    });
    const done = await run({ references: ['v1'] });
    expect(seen).toBeGreaterThanOrEqual(nth);
    expect(done).toMatchObject({ state: 'failed', targets: [{ outcome: 'refused', code: 'held' }] });
    expect(done.targets[0]?.message).toContain('evidence');
    expect([await status('v1'), await status(image.digest)]).toEqual([200, 200]);
  });

  it('on a child, after the plan, also keeps the index that would take it along', async () => {
    const child = await pushImage(at(), { content: `${repository} child` });
    await pushIndex(at(), [child], { tags: ['v1'] });
    let lists = 0;
    proxy.interfere(async ({ path }) => {
      if (path.includes(`${repository}/tags/list`) && (lists += 1) === 2)
        await hold({ digest: child.digest });
      return null;
    });
    const done = await run({ references: ['v1'] });
    expect(done.targets.map(({ outcome }) => outcome)).toEqual(['refused', 'refused']);
    expect([await status('v1'), await status(child.digest)]).toEqual([200, 200]);
  });

  it('protects no longer once it was lifted, and is no obstacle for a restore', async () => {
    await pushImage(at(), { tags: ['v1'], content: repository });
    const { id } = await hold({ tags: 'v1' });
    expect((await run({ references: ['v1'] })).state).toBe('refused');
    const lifted = await gateway.api().delete(`/v1/holds/${id}`).send({ reason: 'case closed' }).expect(200);
    expect(lifted.body).toMatchObject({ state: 'lifted', lifted: { reason: 'case closed' } });
    await gateway.api().delete(`/v1/holds/${id}`).send({ reason: 'again' }).expect(409);
    const done = await run({ references: ['v1'] });
    expect([done.state, await status('v1')]).toEqual(['succeeded', 404]);
    await hold();
    await gateway.api().post(`/v1/deletions/${done.id}/restore`).send({ reason: 'oops' }).expect(200);
    expect(await status('v1')).toBe(200);
  });

  it('ends by itself when it expires', async () => {
    await pushImage(at(), { tags: ['v1'], content: repository });
    const { id } = await hold({ tags: 'v1', expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
    expect((await run({ references: ['v1'] })).state).toBe('refused');
    await gateway.database.db
      .updateTable('holds')
      .set({ expires_at: new Date(Date.now() - 1) })
      .where('id', '=', id)
      .execute();
    expect((await gateway.api().get(`/v1/holds/${id}`)).body).toMatchObject({ state: 'expired' });
    expect((await run({ references: ['v1'] })).state).toBe('succeeded');
  });
});

describe('a legal hold', () => {
  it('is lifted by two people: not by the same one again, nor with a second key of hers', async () => {
    await pushImage(at(), { tags: ['v1'], content: repository });
    const { id } = await hold({ tags: 'v1', legal: true });
    const first = await makeKey(gateway, { role: 'operator', owner: 'ann' });
    const again = await makeKey(gateway, { role: 'approver', owner: 'Ann' });
    const other = await makeKey(gateway, { role: 'approver', owner: 'ben' });
    const lift = (api = first.api) => api.delete(`/v1/holds/${id}`).send({ reason: 'released by the court' });
    expect((await lift().expect(202)).body).toMatchObject({
      state: 'in_force',
      liftRequested: { by: { id: first.id } },
    });
    expect((await lift().expect(403)).body).toMatchObject({ code: 'second_person_required' });
    await lift(again.api).expect(403);
    expect((await run({ references: ['v1'] })).state).toBe('refused');
    expect((await lift(other.api).expect(200)).body).toMatchObject({ lifted: { by: { id: other.id } } });
    expect((await run({ references: ['v1'] })).state).toBe('succeeded');
    const events = await gateway.api().get(`/v1/audit/events?registry=prod&repository=${repository}`);
    const actions = (events.body as { items: { action: string }[] }).items.map(({ action }) => action);
    expect(actions).toEqual(
      expect.arrayContaining(['hold.created', 'hold.lift_requested', 'hold.removed', 'deletion.refused']),
    );
  });
});

describe('a legal hold, still', () => {
  const lift = (api: TestApi, id: string) => api.delete(`/v1/holds/${id}`).send({ reason: 'released' });

  it('is not lifted by somebody and a key that they made for nobody, whichever asks first', async () => {
    const admin = await makeKey(gateway, { role: 'admin', scopes: [], owner: 'berta' });
    const puppet = await makeKey(gateway, { role: 'approver', owner: 'nobody' }, admin.api);
    for (const [first, second] of [
      [admin, puppet],
      [puppet, admin],
    ] as const) {
      const { id } = await hold({ tags: 'v1', legal: true });
      await lift(first.api, id).expect(202);
      const refused = await lift(second.api, id).expect(403);
      expect(refused.body).toMatchObject({ code: 'second_person_required' });
      expect((await gateway.api().get(`/v1/holds/${id}`)).body).toMatchObject({ state: 'in_force' });
    }
  });

  it('is not lifted by two where the first asked more than seven days ago', async () => {
    const { id } = await hold({ tags: 'v1', legal: true });
    const [ann, ben] = [
      await makeKey(gateway, { role: 'operator', owner: 'ann' }),
      await makeKey(gateway, { role: 'operator', owner: 'ben' }),
    ];
    await lift(ann.api, id).expect(202);
    const before = { at: new Date(Date.now() - 7 * 86_400_000 - 1000).toISOString() };
    await gateway.database.pool.query(
      'update holds set lift_request = lift_request::jsonb || $2::jsonb where id = $1',
      [id, JSON.stringify(before)],
    );
    await lift(ben.api, id).expect(202);
    expect((await gateway.api().get(`/v1/holds/${id}`)).body).toMatchObject({
      state: 'in_force',
      liftRequested: { by: { id: ben.id } },
    });
    await lift(ann.api, id).expect(200);
  });
});

describe('who may', () => {
  it('see a hold: whoever may see one of its repositories; for others it does not exist', async () => {
    const { id } = await hold({ repository: 'team-a/**', tags: 'secret-*' });
    const insider = await makeKey(gateway, { role: 'requester', scopes: ['prod/team-a/app:read'] });
    const outsider = await makeKey(gateway, { role: 'operator', scopes: ['prod/team-b/**:delete'] });
    await insider.api.get(`/v1/holds/${id}`).expect(200);
    expect((await insider.api.get('/v1/holds').expect(200)).text).toContain(id);
    await outsider.api.get(`/v1/holds/${id}`).expect(404);
    expect((await outsider.api.get('/v1/holds').expect(200)).body).toEqual({ items: [], nextCursor: null });
    await outsider.api.delete(`/v1/holds/${id}`).send({ reason: 'mine' }).expect(404);
    await gateway.api().delete(`/v1/holds/${id}`).send({ reason: 'a test' }).expect(200);
  });

  it('make and lift one: an operator whose scopes cover all of it', async () => {
    const operator = await makeKey(gateway, { role: 'operator', scopes: ['prod/team-a/*:delete'] });
    const approver = await makeKey(gateway, { role: 'approver' });
    const body = { registry: 'prod', repository: 'team-a/x', reason: 'a test' };
    const made = await operator.api.post('/v1/holds').send(body).expect(201);
    const { id } = made.body as HoldView;
    await operator.api
      .post('/v1/holds')
      .send({ ...body, repository: 'team-a/**' })
      .expect(403);
    await operator.api
      .post('/v1/holds')
      .send({ ...body, repository: 'team-b/x' })
      .expect(404);
    await approver.api.post('/v1/holds').send(body).expect(403);
    await approver.api.delete(`/v1/holds/${id}`).send({ reason: 'a test' }).expect(403);
    await operator.api.delete(`/v1/holds/${id}`).send({ reason: 'a test' }).expect(200);
  });

  it('not make one that they may only read about, nor lift one that reaches further than they do', async () => {
    const reader = await makeKey(gateway, { role: 'operator', scopes: ['prod/team-a/**:read'] });
    const body = { registry: 'prod', repository: 'team-a/x', reason: 'a test' };
    await reader.api.post('/v1/holds').send(body).expect(403);
    const { id } = await hold({ repository: 'team-a/**', tags: 'far-*' });
    const partly = await makeKey(gateway, { role: 'operator', scopes: ['prod/team-a/*:delete,read'] });
    await partly.api.delete(`/v1/holds/${id}`).send({ reason: 'mine' }).expect(403);
    expect((await gateway.api().get(`/v1/holds/${id}`)).body).toMatchObject({ state: 'in_force' });
    await gateway.api().delete(`/v1/holds/${id}`).send({ reason: 'a test' }).expect(200);
  });

  it('not lift one of sexton.yaml here, nor read it without a reason to', async () => {
    const listed = await gateway.api().get('/v1/holds?registry=prod').expect(200);
    expect((listed.body as { items: HoldView[] }).items[0]).toMatchObject({
      id: 'config_0123456789abcdef',
      source: 'config',
    });
    await gateway.api().get('/v1/holds/config_0123456789abcdef').expect(200);
    const refused = await gateway
      .api()
      .delete('/v1/holds/config_0123456789abcdef')
      .send({ reason: 'a test' })
      .expect(409);
    expect(refused.body).toMatchObject({ code: 'hold_not_liftable' });
  });

  it('page through them, newest first', async () => {
    const made: string[] = [];
    for (const tags of ['a', 'b', 'c']) made.unshift((await hold({ tags })).id);
    const read = async (cursor?: string) => {
      const query = `repository=${repository}&limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`;
      const page = (await gateway.api().get(`/v1/holds?${query}`).expect(200)).body as {
        items: HoldView[];
        nextCursor: string | null;
      };
      return {
        ids: page.items.flatMap((one) => (one.source === 'api' ? one.id : [])),
        next: page.nextCursor,
      };
    };
    const first = await read();
    const second = await read(first.next ?? '');
    expect([...first.ids, ...second.ids]).toEqual(made);
    expect(second.next).toBeNull();
  });
});

describe('what is no hold', () => {
  it.each([
    ['tags and digest together', { tags: 'v1', digest: `sha256:${'a'.repeat(64)}` }],
    ['an expiry in the past', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['a glob bomb', { repository: '*a*a*a*a*a*a*a*a*a' }],
    ['** inside a name', { repository: 'team-**' }],
    ['no reason', { reason: ' ' }],
  ])('%s', async (_what, changes) => {
    const body = { registry: 'prod', repository, reason: 'a test', ...changes };
    expect((await gateway.api().post('/v1/holds').send(body).expect(400)).body).toMatchObject({
      code: 'invalid_request',
    });
  });

  it('one in a registry that is not there', async () => {
    const body = { registry: 'elsewhere', repository, reason: 'a test' };
    await gateway.api().post('/v1/holds').send(body).expect(404);
  });
});

describe('a deletion of five tags', () => {
  it('leaves those that were held after it began, and finishes the others', async () => {
    const tags = ['a', 'b', 'c', 'd', 'e'];
    const digests: string[] = [];
    for (const tag of tags) {
      digests.push((await pushImage(at(), { tags: [tag], content: `${repository} ${tag}` })).digest);
    }
    let deletes = 0;
    proxy.interfere(async ({ method, path }) => {
      const isDelete = method === 'DELETE' && digests.some((digest) => path.endsWith(digest));
      if (isDelete && (deletes += 1) === 2) await hold({ tags: '*' });
      return null;
    });
    const accepted = await gateway
      .api()
      .post('/v1/deletions')
      .send({ registry: 'prod', repository, references: tags, reason: 'a test' })
      .expect(202);
    const done = await untilEnded(gateway.api(), (accepted.body as DeletionView).id);
    expect(done.state).toBe('partially_succeeded');
    expect(done.targets.map(({ code }) => code)).toEqual([null, null, 'held', 'held', 'held']);
    const left = await Promise.all(done.targets.map(({ reference }) => status(reference)));
    expect(left).toEqual([404, 404, 200, 200, 200]);
  });
});
