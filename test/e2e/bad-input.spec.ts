import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERROR_KINDS } from '../../src/errors/codes.js';
import { pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';

let registry: RegistryServer;
let gateway: TestGateway;
let requesterKey: string;

const ask = (body: unknown) =>
  gateway
    .api()
    .post('/v1/deletions')
    .send(body as object);
const good = { registry: 'prod', repository: 'team-a/app', references: ['v1'], reason: 'a test' };

const deletionsStored = async (): Promise<number> => {
  const { n } = await gateway.database.db
    .selectFrom('deletions')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  return n;
};

/** A problem with this code, complete, and nothing stored. */
const expectProblem = async (
  test: request.Test,
  code: keyof typeof ERROR_KINDS,
): Promise<request.Response> => {
  const before = await deletionsStored();
  const response = await test;
  expect(response.body).toMatchObject({
    code,
    status: ERROR_KINDS[code].status,
    type: `urn:sexton:error:${code}`,
    title: ERROR_KINDS[code].title,
  });
  expect(response.status).toBe(ERROR_KINDS[code].status);
  expect(response.headers['content-type']).toContain('application/problem+json');
  expect((response.body as { detail: string }).detail).toContain(ERROR_KINDS[code].hint);
  expect(await deletionsStored()).toBe(before);
  return response;
};

beforeAll(async () => {
  registry = await startRegistry();
  gateway = await startTestGateway({ registries: [registryOptions('prod', registry.url)] });
  await pushImage({ registryUrl: registry.url, repository: 'team-a/app' }, { tags: ['v1'] });
  const created = await gateway
    .api()
    .post('/v1/api-keys')
    .send({
      name: 'team-a ci',
      role: 'requester',
      scopes: ['prod/team-a/**:delete,read', 'prod/seen/**:read'],
    })
    .expect(201);
  requesterKey = (created.body as { secret: string }).secret;
});

afterAll(async () => {
  await gateway?.stop();
  await registry?.stop();
});

describe('a request that is not valid', () => {
  it.each([
    ['no registry', { ...good, registry: undefined }, '/registry'],
    ['a blank reason', { ...good, reason: '   ' }, '/reason'],
    ['no reason', { ...good, reason: undefined }, '/reason'],
    ['a reason with a control character', { ...good, reason: 'a\u0000b' }, '/reason'],
    ['a ticket with a control character', { ...good, ticket: 'OPS\u0000' }, '/ticket'],
    ['a label with a control character', { ...good, labels: { a: 'x\u0000' } }, '/labels/a'],
    ['a reason with a bidirectional override', { ...good, reason: 'abc\u202Etxt' }, '/reason'],
    ['a reason of 2,001 characters', { ...good, reason: 'x'.repeat(2001) }, '/reason'],
    ['no references', { ...good, references: [] }, '/references'],
    [
      '1,001 references',
      { ...good, references: Array.from({ length: 1001 }, (_, i) => `v${i}`) },
      '/references',
    ],
    ['an unknown field', { ...good, force: true }, ''],
    ['a wrong type', { ...good, dryRun: 'yes' }, '/dryRun'],
    ['an unknown rule for siblings', { ...good, siblings: 'all' }, '/siblings'],
    ['a body that is a list', [good], ''],
    // TRAPS 12, 13, 15: whatever is no repository, tag or digest is refused before anything is sent.
    ['a repository with ..', { ...good, repository: '../x' }, '/repository'],
    ['a repository in percent-encoding', { ...good, repository: 'a/%2e%2e/b' }, '/repository'],
    ['an upper-case repository', { ...good, repository: 'Team/App' }, '/repository'],
    ['an empty path component', { ...good, repository: 'team//app' }, '/repository'],
    ['an empty repository', { ...good, repository: '' }, '/repository'],
    ['a repository with a tag in it', { ...good, repository: 'team/app:v1' }, '/repository'],
    ['an empty tag', { ...good, references: [''] }, '/references/0'],
    ['a tag of 200 characters', { ...good, references: ['x'.repeat(200)] }, '/references/0'],
    ['a tag with a slash', { ...good, references: ['a/b'] }, '/references/0'],
    ['a digest cut short', { ...good, references: ['sha256:abc'] }, '/references/0'],
    ['a digest in upper case', { ...good, references: [`sha256:${'A'.repeat(64)}`] }, '/references/0'],
    ['a digest of another algorithm', { ...good, references: [`md5:${'a'.repeat(32)}`] }, '/references/0'],
    ['a tag with ..', { ...good, references: ['..'] }, '/references/0'],
  ])('is refused: %s', async (_what, body, path) => {
    const response = await expectProblem(ask(body), 'invalid_request');
    const { errors } = response.body as { errors: { path: string }[] };
    expect(errors.map((error) => error.path)).toContain(path);
  });

  it.each(['__proto__', 'constructor', 'prototype'])(
    'is refused with a field named %s, as with any unknown one',
    async (name) => {
      const withField = (fields: object) =>
        JSON.stringify(fields).replace('{', `{"${name}":{"dryRun":true},`);
      const post = (body: string) => gateway.api().post('/v1/deletions').type('json').send(body);
      const refused = await expectProblem(post(withField(good)), 'invalid_request');
      expect((refused.body as { detail: string }).detail).toContain(`"${name}"`);
      await expectProblem(gateway.api().get(`/v1/deletions?${name}=x`), 'invalid_request');
      await expectProblem(
        gateway
          .api()
          .post('/v1/pauses')
          .type('json')
          .send(withField({ reason: 'x' })),
        'invalid_request',
      );
    },
  );

  it('is refused with a label that could not be kept; one of an odd name is kept', async () => {
    const labelled = (labels: string) =>
      gateway
        .api()
        .post('/v1/deletions')
        .type('json')
        .send(JSON.stringify({ ...good, dryRun: true }).replace('{', `{"labels":${labels},`));
    await expectProblem(labelled('{"a":"b","__proto__":"c"}'), 'invalid_request');
    const kept = await labelled('{"constructor":"acme","prototype":"yes"}').expect(202);
    const { labels } = kept.body as { labels: object };
    expect(new Map(Object.entries(labels))).toEqual(
      new Map([
        ['constructor', 'acme'],
        ['prototype', 'yes'],
      ]),
    );
  });

  it.each(['9999-12-31T23:59:59-23:59', '0000-01-01T00:00:00+23:59', 'tomorrow'])(
    'is refused with a time in a year that nobody could read back: %s',
    async (time) => {
      const api = () => gateway.api();
      const key = { name: 'x', role: 'auditor', expiresAt: time };
      const hold = { registry: 'prod', repository: 'a', reason: 'x', expiresAt: time };
      for (const test of [api().post('/v1/api-keys').send(key), api().post('/v1/holds').send(hold)]) {
        const refused = await expectProblem(test, 'invalid_request');
        expect((refused.body as { errors: unknown }).errors).toMatchObject([{ path: '/expiresAt' }]);
      }
      const since = encodeURIComponent(time);
      for (const list of ['deletions', 'audit/events'])
        await expectProblem(api().get(`/v1/${list}?since=${since}`), 'invalid_request');
    },
  );

  it('is refused as malformed JSON, as too large, and as another content type', async () => {
    const post = () => gateway.api().post('/v1/deletions');
    await expectProblem(post().type('json').send('{"registry": "prod",'), 'malformed_json');
    await expectProblem(ask({ ...good, labels: { a: 'x'.repeat(2 * 1024 * 1024) } }), 'payload_too_large');
    await expectProblem(post().type('form').send('registry=prod'), 'unsupported_media_type');
  });

  it('names an unknown registry, also to somebody who may use none', async () => {
    await expectProblem(ask({ ...good, registry: 'elsewhere' }), 'unknown_registry');
  });

  it('is refused for a cursor, a limit or a filter that cannot be', async () => {
    const list = (query: string) => gateway.api().get(`/v1/deletions?${query}`);
    await expectProblem(list('cursor=abc'), 'invalid_request');
    await expectProblem(list('limit=0'), 'invalid_request');
    await expectProblem(list('state=gone'), 'invalid_request');
    await expectProblem(list('registry[$ne]=prod'), 'invalid_request');
    await expectProblem(gateway.api().get('/v1/deletions/nope'), 'not_found');
    await expectProblem(gateway.api().get('/v1/nothing-here'), 'not_found');
    await expectProblem(gateway.api().get('/v1/registries/%2e%2e/tags?repository=a'), 'unknown_registry');
    await expectProblem(gateway.api().get('/v1/deletions/%E0%A4%A'), 'invalid_request');
  });

  it('is refused where it names what PostgreSQL cannot even be asked about', async () => {
    const nul = Buffer.from(JSON.stringify({ before: 'a\0b' })).toString('base64url');
    for (const path of [
      '/v1/deletions/a%00b',
      '/v1/deletions/a%00b/events',
      '/v1/collections/a%00b',
      '/v1/deletions?requestedBy=a%00b',
      `/v1/deletions?cursor=${nul}`,
      `/v1/holds?cursor=${nul}`,
    ])
      await expectProblem(gateway.api().get(path), 'invalid_request');
  });
});

describe('a caller', () => {
  it('needs a credential that is one', async () => {
    const bare = () => request(gateway.url).get('/v1/deletions');
    const response = await expectProblem(bare(), 'unauthenticated');
    expect(response.headers['www-authenticate']).toContain('Bearer realm="sexton"');
    await expectProblem(bare().set('Authorization', 'Bearer sxt_wrong'), 'unauthenticated');
    await expectProblem(bare().set('Authorization', `Bearer sxt_${'x'.repeat(40)}`), 'unauthenticated');
    await expectProblem(bare().set('Authorization', `Bearer ${'x'.repeat(10_000)}`), 'unauthenticated');
    await expectProblem(bare().query({ access_token: gateway.adminKey }), 'unauthenticated');
    await expectProblem(bare().auth('any', 'wrong'), 'unauthenticated');
  });

  it('may give its key as a Bearer token, or as the password of Basic', async () => {
    await gateway.api().get('/v1/deletions').expect(200);
    await request(gateway.url).get('/v1/deletions').auth('anyone', gateway.adminKey).expect(200);
  });

  it('is told that its key has expired, and nothing after it was revoked', async () => {
    const create = (expiresAt?: Date) =>
      gateway
        .api()
        .post('/v1/api-keys')
        .send({ name: 'short', role: 'requester', scopes: [], ...(expiresAt && { expiresAt }) });
    await expectProblem(create(new Date(Date.now() - 1)), 'invalid_request');
    const expired = (await create(new Date(Date.now() + 3_600_000))).body as { id: string; secret: string };
    await gateway.database.db
      .updateTable('api_keys')
      .set({ expires_at: new Date(Date.now() - 1) })
      .where('id', '=', expired.id)
      .execute();
    await expectProblem(gateway.api(expired.secret).get('/v1/deletions'), 'key_expired');
    const revoked = (await create()).body as { id: string; secret: string };
    await gateway.api().delete(`/v1/api-keys/${revoked.id}`).expect(204);
    await expectProblem(gateway.api(revoked.secret).get('/v1/deletions'), 'unauthenticated');
    await expectProblem(gateway.api().delete(`/v1/api-keys/${revoked.id}`), 'not_found');
  });

  it('acts within its role and scopes only, and what it may not see does not exist for it', async () => {
    const team = gateway.api(requesterKey);
    const outside = { ...good, repository: 'team-b/app', dryRun: true };
    await expectProblem(team.post('/v1/deletions').send(outside), 'unknown_registry');
    await expectProblem(
      team.post('/v1/deletions').send({ ...outside, repository: 'team-ab/x' }),
      'unknown_registry',
    );
    await expectProblem(team.post('/v1/deletions').send({ ...outside, repository: 'seen/app' }), 'forbidden');
    await expectProblem(team.post('/v1/api-keys').send({ name: 'x', role: 'admin' }), 'forbidden');
    const hidden = await gateway.api().post('/v1/deletions').send(outside);
    const id = hidden.headers['location']?.split('/').at(-1) ?? '';
    await expectProblem(team.get(`/v1/deletions/${id}`), 'not_found');
    await expectProblem(team.get(`/v1/deletions/${id}/events`), 'not_found');
    await expectProblem(team.post(`/v1/deletions/${id}/cancel`).send({ reason: 'mine now' }), 'not_found');
    const list = await team.get('/v1/deletions').expect(200);
    expect(
      (list.body as { items: { repository: string }[] }).items.map((item) => item.repository),
    ).not.toContain('team-b/app');
    const own = await team
      .post('/v1/deletions')
      .send({ ...good, dryRun: true })
      .expect(202);
    expect(own.body).toMatchObject({ state: 'planned', requestedBy: { name: 'team-a ci' } });
    const repositories = await team.get('/v1/registries/prod/repositories').expect(200);
    expect((repositories.body as { items: unknown[] }).items).toEqual([{ name: 'team-a/app' }]);
    await expectProblem(team.get('/v1/registries/prod/tags?repository=team-b/app'), 'not_found');
  });

  it('cannot be tricked with a request id or headers', async () => {
    const response = await gateway.api().get('/healthz').set('X-Request-Id', 'a'.repeat(200)).expect(200);
    expect(response.headers['x-request-id']).toMatch(/^[0-9A-Z]{26}$/);
    const kept = await gateway.api().get('/healthz').set('X-Request-Id', 'build-17').expect(200);
    expect(kept.headers['x-request-id']).toBe('build-17');
    await expectProblem(ask(good).set('Idempotency-Key', 'x'.repeat(300)), 'invalid_request');
  });
});

describe('a plan that is refused', () => {
  it('answers 409 with the refusals, stays readable, and deletes nothing', async () => {
    const response = await ask({ ...good, references: ['v1', 'nope'] });
    expect(response.status).toBe(409);
    expect(response.body).toMatchObject({
      code: 'reference_not_found',
      errors: [{ reference: 'nope', code: 'reference_not_found' }],
    });
    const location = response.headers['location'] ?? '';
    expect((response.body as { instance: string }).instance).toBe(location);
    const read = await gateway.api().get(location).expect(200);
    expect(read.body).toMatchObject({ state: 'refused', plan: { refusals: [{ reference: 'nope' }] } });
    const audit = await gateway
      .api()
      .get(`/v1/audit/events?deletion=${location.split('/').at(-1)}&action=deletion.refused`);
    expect((audit.body as { items: unknown[] }).items).toMatchObject([{ code: 'reference_not_found' }]);
  });
});
