import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import request from 'supertest';
import { pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { LOOPBACK } from '../support/webhooks.js';

let registry: RegistryServer;
let gateway: TestGateway;
let deletion = '';

const as = (test: request.Test) => test.set('Authorization', `Bearer ${gateway.adminKey}`);
const idOf = (answer: request.Response): string => (answer.body as { id: string }).id;
const ask = async (changes: object): Promise<string> => {
  const body = { registry: 'prod', repository: 'team/app', references: ['v1'], reason: 'a test', ...changes };
  return idOf(await gateway.api().post('/v1/deletions').send(body).expect(202));
};
const recorded = async (action: string): Promise<number> => {
  const rows = gateway.database.db.selectFrom('audit_events').select('id').where('action', '=', action);
  return (await rows.execute()).length;
};

beforeAll(async () => {
  registry = await startRegistry();
  await pushImage({ registryUrl: registry.url, repository: 'team/app' }, { tags: ['v1'] });
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url)],
    webhooks: { allowed: LOOPBACK },
  });
  deletion = await ask({ dryRun: true });
});
afterAll(async () => {
  await gateway?.stop();
  await registry?.stop();
});

describe('HEAD', () => {
  it('of an export says what GET would send, and exports nothing: no event says that somebody took the log', async () => {
    const head = await as(request(gateway.url).head('/v1/audit/export?format=csv')).expect(200);
    expect(head.headers['content-type']).toContain('text/csv');
    expect(await recorded('audit.exported')).toBe(0);
    await as(request(gateway.url).head('/v1/audit/export?format=xml')).expect(400);
    await gateway.api().get('/v1/audit/export').expect(200);
    // The second tells how it ended, once it has.
    await vi.waitFor(async () => expect(await recorded('audit.exported')).toBe(2));
  });

  it('of the events of a deletion that goes on does not wait for its end', async () => {
    await gateway.api().post('/v1/pauses').send({ registry: 'prod', reason: 'a test' }).expect(201);
    const waiting = await ask({});
    const head = await as(request(gateway.url).head(`/v1/deletions/${waiting}/events`))
      .timeout(5_000)
      .expect(200);
    expect(head.headers['content-type']).toContain('text/event-stream');
    await as(request(gateway.url).head('/v1/deletions/nope/events')).expect(404);
    await gateway.api().post(`/v1/deletions/${waiting}/cancel`).send({ reason: 'a test' }).expect(200);
  });
});

describe('a method that a path does not have', () => {
  it.each([
    ['put', '/v1/deletions', 'GET, HEAD, POST'],
    ['delete', '/v1/deletions/x', 'GET, HEAD'],
    ['get', '/v1/deletions/x/execute', 'POST'],
    ['patch', '/v1/webhooks/x/rotate', 'POST'],
    ['put', '/v1/webhooks/x', 'GET, HEAD, PATCH, DELETE'],
    ['post', '/v1/registries/prod/tags', 'GET, HEAD'],
    ['post', '/healthz', 'GET, HEAD'],
  ] as const)('%s %s is 405, with those that it has', async (method, path, allow) => {
    const refused = await as(request(gateway.url)[method](path)).expect(405);
    expect(refused.body).toMatchObject({ code: 'method_not_allowed' });
    expect(refused.headers['allow']?.split(', ').sort()).toEqual([...allow.split(', '), 'OPTIONS'].sort());
  });

  it('is told by OPTIONS, to nobody’s pages: no CORS header comes with it', async () => {
    const options = request(gateway.url).options('/v1/deletions').set('Origin', 'https://elsewhere.example');
    const answer = await options.set('Access-Control-Request-Method', 'POST').expect(204);
    expect(answer.headers['allow']?.split(', ').sort()).toEqual(['GET', 'HEAD', 'OPTIONS', 'POST']);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    expect(answer.text).toBe('');
  });

  it('is nothing at a path that there is not', async () => {
    for (const method of ['get', 'put', 'options'] as const) {
      const answer = await as(request(gateway.url)[method]('/v1/nothing-here')).expect(404);
      expect(answer.body).toMatchObject({ code: 'not_found' });
      expect(answer.headers['allow']).toBeUndefined();
    }
  });
});

describe('a call that takes no body', () => {
  it('refuses one with fields, which would be ignored, and does nothing', async () => {
    const key = idOf(
      await gateway.api().post('/v1/api-keys').send({ name: 'a key', role: 'auditor' }).expect(201),
    );
    const hook = { name: 'a receiver', url: 'http://127.0.0.1:9999/', events: ['deletion.failed'] };
    const webhook = idOf(await gateway.api().post('/v1/webhooks').send(hook).expect(201));
    const calls: [keyof ReturnType<TestGateway['api']>, string][] = [
      ['post', `/v1/deletions/${deletion}/execute`],
      ['post', `/v1/api-keys/${key}/rotate`],
      ['post', `/v1/webhooks/${webhook}/rotate`],
      ['post', `/v1/webhooks/${webhook}/deliveries/msg_x/resend`],
      ['delete', `/v1/api-keys/${key}`],
      ['delete', `/v1/webhooks/${webhook}`],
    ];
    for (const [method, path] of calls)
      for (const body of [{ references: ['v1'] }, ['v1']]) {
        const refused = await gateway.api()[method](path).send(body);
        expect([path, refused.status]).toEqual([path, 400]);
        expect(refused.body).toMatchObject({ code: 'invalid_request', errors: [{ path: '' }] });
      }
    expect((await gateway.api().get(`/v1/deletions/${deletion}`)).body).toMatchObject({ state: 'planned' });
    for (const action of ['api_key.rotated', 'api_key.revoked', 'webhook.rotated', 'webhook.deleted'])
      expect(await recorded(action)).toBe(0);
    await gateway.api().post(`/v1/api-keys/${key}/rotate`).send({}).expect(200);
    await gateway.api().delete(`/v1/webhooks/${webhook}`).expect(204);
    await gateway.api().post(`/v1/deletions/${deletion}/execute`).expect(202);
  });
});
