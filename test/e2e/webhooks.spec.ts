import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { deleteAndWait } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { pushImages } from '../support/guarded.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';
import { LOOPBACK } from '../support/webhooks.js';

let registry: RegistryServer;
let gateway: TestGateway;
let receiver: WebhookReceiver;

beforeAll(async () => {
  registry = await startRegistry();
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url)],
    webhooks: { allowed: LOOPBACK },
  });
});
afterAll(async () => {
  await gateway?.stop();
  await registry?.stop();
});
beforeEach(async () => {
  receiver = await WebhookReceiver.start();
});
afterEach(async () => {
  await receiver.stop();
});

interface Made {
  readonly id: string;
  readonly secret: string;
}

const make = async (change: Record<string, unknown> = {}): Promise<Made> => {
  const body = { name: 'team-a chat', url: receiver.url, events: ['deletion.succeeded'], ...change };
  return (await gateway.api().post('/v1/webhooks').send(body).expect(201)).body as Made;
};

/** A deletion that was done. */
const delete1 = async (repository: string): Promise<string> => {
  await pushImages(registry.url, repository, 1);
  const { id, state } = await deleteAndWait(gateway.api(), {
    registry: 'prod',
    repository,
    references: ['v1'],
  });
  expect(state).toBe('succeeded');
  return id;
};

describe('a webhook', () => {
  it('is told of a deletion when it is done, and of nothing that it did not ask for', async () => {
    const { id, secret } = await make({ repositories: ['prod/team-a/**'] });
    await delete1('team-b/app');
    const deletion = await delete1('team-a/app');
    await receiver.until(1);
    expect(receiver.events(secret)).toMatchObject([
      {
        type: 'sexton.deletion.succeeded',
        subject: `deletions/${deletion}`,
        data: { repository: 'team-a/app', reason: expect.any(String) as unknown, deletionId: deletion },
      },
    ]);
    await expect
      .poll(async () => (await gateway.api().get(`/v1/webhooks/${id}/deliveries`)).body as unknown)
      .toMatchObject({ items: [{ state: 'delivered', lastStatus: 204, type: 'deletion.succeeded' }] });
    // What the notice says is what the audit log says, and its place there proves it.
    const [event] = receiver.events(secret) as [{ id: string; data: unknown }];
    const log = await gateway.api().get(`/v1/audit/events?deletion=${deletion}&action=deletion.finished`);
    expect(log.body).toMatchObject({ items: [event.data] });
  });

  it('is told of what waits for people, of holds and of pauses', async () => {
    const events = ['hold.created', 'hold.removed', 'pause.created', 'pause.ended', 'deletion.refused'];
    const { secret } = await make({ events });
    const api = gateway.api();
    const hold = { registry: 'prod', repository: 'team-h/**', reason: 'shipped' };
    const held = (await api.post('/v1/holds').send(hold).expect(201)).body as { id: string };
    await pushImages(registry.url, 'team-h/app', 1);
    const asked = { registry: 'prod', repository: 'team-h/app', references: ['v1'], reason: 'a test' };
    await api.post('/v1/deletions').send(asked).expect(409);
    await api.delete(`/v1/holds/${held.id}`).send({ reason: 'over' }).expect(200);
    const paused = (await api.post('/v1/pauses').send({ reason: 'moving' }).expect(201)).body as {
      id: string;
    };
    await api.delete(`/v1/pauses/${paused.id}`).send({ reason: 'moved' }).expect(204);
    await receiver.until(5);
    expect(receiver.events(secret)).toMatchObject([
      { type: 'sexton.hold.created', subject: `holds/${held.id}` },
      { type: 'sexton.deletion.refused', data: { code: 'held' } },
      { type: 'sexton.hold.removed', subject: `holds/${held.id}` },
      { type: 'sexton.pause.created', subject: `pauses/${paused.id}` },
      { type: 'sexton.pause.ended', subject: `pauses/${paused.id}` },
    ]);
  });

  it('is changed, disabled, enabled, rotated and removed, each in the audit log', async () => {
    const api = gateway.api();
    const { id } = await make();
    const changed = await api
      .patch(`/v1/webhooks/${id}`)
      .send({ name: 'another', events: ['deletion.failed', 'deletion.failed'], enabled: false })
      .expect(200);
    expect(changed.body).toMatchObject({
      name: 'another',
      events: ['deletion.failed'],
      url: receiver.url,
      enabled: false,
      disabledBecause: 'request',
    });
    const on = await api.patch(`/v1/webhooks/${id}`).send({ enabled: true }).expect(200);
    expect(on.body).toMatchObject({ enabled: true, disabledAt: null, disabledBecause: null });
    await api.post(`/v1/webhooks/${id}/rotate`).expect(200);
    await api.delete(`/v1/webhooks/${id}`).expect(204);
    await api.get(`/v1/webhooks/${id}`).expect(404);
    const log = await api.get('/v1/audit/events?limit=200').expect(200);
    const items = (log.body as { items: { action: string; details: { webhook?: string } }[] }).items;
    expect(items.filter(({ details }) => details.webhook === id).map(({ action }) => action)).toEqual([
      'webhook.removed',
      'webhook.secret_rotated',
      'webhook.changed',
      'webhook.changed',
      'webhook.created',
    ]);
  });

  it('shows its secret once, and nowhere else', async () => {
    const api = gateway.api();
    const { id, secret } = await make();
    const rotated = (await api.post(`/v1/webhooks/${id}/rotate`).expect(200)).body as Made;
    await delete1('team-s/app');
    await receiver.until(1);
    const seen = [
      ...(await Promise.all(
        [
          '/v1/webhooks?limit=200',
          `/v1/webhooks/${id}`,
          `/v1/webhooks/${id}/deliveries`,
          '/v1/audit/events?limit=500',
          '/v1/audit/export',
          '/metrics',
        ].map(async (path) => (await api.get(path).buffer(true).expect(200)).text),
      )),
      (await api.patch(`/v1/webhooks/${id}`).send({ name: 'x' }).expect(200)).text,
      ...gateway.logLines,
    ].join('\n');
    expect(seen).toContain(id);
    for (const word of [secret.slice(6), rotated.secret.slice(6)]) expect(seen).not.toContain(word);
  });
});

describe('what may not be a webhook', () => {
  it.each([
    ['the metadata of a cloud', { url: 'http://169.254.169.254/latest/meta-data/' }, 422],
    ['a private address', { url: 'http://10.0.0.1/' }, 422],
    ['a private address in IPv6', { url: 'http://[fd00::1]/' }, 422],
    ['IPv4 inside IPv6', { url: 'http://[::ffff:169.254.169.254]/' }, 422],
    ['a decimal address', { url: 'http://2852039166/' }, 422],
    ['a name that leads nowhere', { url: 'http://nowhere.invalid/' }, 422],
    ['a password in the URL', { url: 'https://a:b@example.com/' }, 400],
    ['a file', { url: 'file:///etc/passwd' }, 400],
    ['events that are none', { events: ['login.failed'] }, 400],
    ['no events', { events: [] }, 400],
    ['a glob that is a bomb', { repositories: [`prod/${'*a'.repeat(50)}`] }, 400],
    ['a name that hides text', { name: '\u202Ereversed' }, 400],
    ['something unknown', { secret: 'whsec_mine' }, 400],
  ])('%s', async (_, change, status) => {
    const body = { name: 'a', url: receiver.url, events: ['deletion.failed'], ...change };
    const answer = await gateway.api().post('/v1/webhooks').send(body).expect(status);
    const code = status === 422 ? 'webhook_target_refused' : 'invalid_request';
    expect(answer.body).toMatchObject({ code });
    const { id } = await make();
    const same = await gateway.api().patch(`/v1/webhooks/${id}`).send(change).expect(status);
    expect(same.body).toMatchObject({ code });
    expect((await gateway.api().get(`/v1/webhooks/${id}`)).body).toMatchObject({ url: receiver.url });
  });

  it('an id that is none', async () => {
    const api = gateway.api();
    const { id } = await make();
    await api.get('/v1/webhooks/a%00b').expect(400);
    await api.get('/v1/webhooks/a%00b/deliveries').expect(400);
    await api.post(`/v1/webhooks/${id}/deliveries/a%00b/resend`).expect(400);
    await api.get('/v1/webhooks/whk_1').expect(404);
    for (const delivery of ['msg_1', `msg_${'0'.repeat(26)}`]) {
      await api.post(`/v1/webhooks/${id}/deliveries/${delivery}/resend`).expect(404);
    }
    await api.get(`/v1/webhooks/${id}/deliveries?cursor=eyJiZWZvcmUiOiJhIn0`).expect(400);
  });

  it('a delivery of another webhook', async () => {
    const [one, other] = [await make(), await make({ events: ['pause.ended'] })];
    await delete1('team-d/app');
    await receiver.until(1);
    const page = await gateway.api().get(`/v1/webhooks/${one.id}/deliveries`).expect(200);
    const [delivery] = (page.body as { items: { id: string }[] }).items;
    await gateway.api().post(`/v1/webhooks/${other.id}/deliveries/${delivery?.id}/resend`).expect(404);
  });
});
