import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestApi, type TestGateway } from '../support/gateway.js';

let gateway: TestGateway;
let team: TestApi;
let teamId: string;

beforeAll(async () => {
  gateway = await startTestGateway({ registries: [], settings: { log: { level: 'info' } } });
  const made = await gateway
    .api()
    .post('/v1/api-keys')
    .send({ name: 'team', role: 'requester', scopes: ['prod/team-a/**:delete'] })
    .expect(201);
  const { id, secret } = made.body as { id: string; secret: string };
  teamId = id;
  team = gateway.api(secret);
});

afterAll(() => gateway.stop());

/** Waits until the last event of the request is there. */
const eventOf = (requestId: string) =>
  expect.poll(
    async () => {
      const response = await gateway.api().get(`/v1/audit/events?requestId=${requestId}`);
      return (response.body as { items: unknown[] }).items;
    },
    { timeout: 5_000 },
  );

describe('what a caller asked for and did not get', () => {
  it('is recorded with what it named, when the registry is not for it', async () => {
    await team
      .post('/v1/deletions')
      .set('X-Request-Id', 'refused-1')
      .send({
        registry: 'prod',
        repository: 'other/app',
        references: ['v1'],
        reason: 'tidy',
        ticket: 'OPS-1',
      })
      .expect(404);
    await eventOf('refused-1').toMatchObject([
      {
        action: 'request.refused',
        outcome: 'refused',
        code: 'unknown_registry',
        actor: { id: teamId, name: 'team', address: expect.any(String) as string },
        registry: 'prod',
        repository: 'other/app',
        reason: 'tidy',
        ticket: 'OPS-1',
        details: { method: 'POST', path: '/v1/deletions', status: 404 },
      },
    ]);
  });

  it('is recorded when the role does not allow it, also for reading', async () => {
    await team.post('/v1/api-keys').set('X-Request-Id', 'refused-2').send({}).expect(403);
    await eventOf('refused-2').toMatchObject([{ code: 'forbidden', actor: { id: teamId } }]);
    await team.get('/v1/api-keys').set('X-Request-Id', 'refused-3').expect(403);
    await eventOf('refused-3').toMatchObject([{ code: 'forbidden', details: { method: 'GET' } }]);
  });

  it('is recorded when the request is wrong, once, and without what could not be read', async () => {
    const body = { registry: '../x', repository: 7, references: [], reason: 'x'.repeat(5_000) };
    await team.post('/v1/deletions').set('X-Request-Id', 'refused-4').send(body).expect(400);
    await eventOf('refused-4').toMatchObject([
      { code: 'invalid_request', registry: null, repository: null, reason: null },
    ]);
    await team.post('/v1/deletions').set('X-Request-Id', 'refused-list').send([body]).expect(400);
    await eventOf('refused-list').toMatchObject([{ code: 'invalid_request', registry: null }]);
  });

  it('names the deletion that it was about', async () => {
    const id = '01JD3M2Q8V4T7X9Y1Z5A6B8C0D';
    await team
      .post(`/v1/deletions/${id}/cancel`)
      .set('X-Request-Id', 'refused-5')
      .send({ reason: 'no' })
      .expect(404);
    await eventOf('refused-5').toMatchObject([{ code: 'not_found', deletionId: id }]);
  });

  it('at the registry-compatible front is recorded too', async () => {
    await team.delete('/v2/prod/other/app/manifests/v1').set('X-Request-Id', 'refused-6').expect(404);
    await eventOf('refused-6').toMatchObject([
      { action: 'request.refused', details: { method: 'DELETE', path: '/v2/prod/other/app/manifests/v1' } },
    ]);
  });

  it('is no act when it only read what is not there', async () => {
    await team.get('/v1/deletions/01JD3M2Q8V4T7X9Y1Z5A6B8C0D').set('X-Request-Id', 'read-1').expect(404);
    await team.delete('/v1/nothing').set('X-Request-Id', 'read-2').expect(404);
    // Recorded in order: what came later is there, and these are not.
    await team.post('/v1/api-keys').set('X-Request-Id', 'refused-7').expect(403);
    await eventOf('refused-7').toHaveLength(1);
    await eventOf('read-1').toEqual([]);
    await eventOf('read-2').toEqual([]);
  });

  it('is a failed log-in with its request, where nobody knows who asks', async () => {
    await gateway.api('sxt_wrong').get('/v1/deletions').set('X-Request-Id', 'login-1').expect(401);
    await eventOf('login-1').toMatchObject([{ action: 'login.failed', code: 'unauthenticated' }]);
  });
});

describe('a start', () => {
  it('is recorded, with its configuration', async () => {
    const response = await gateway.api().get('/v1/audit/events?actor=sexton&limit=10');
    const actions = (response.body as { items: { action: string }[] }).items.map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(['gateway.started', 'config.changed', 'api_key.created']));
  });
});
