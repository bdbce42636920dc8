import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import { WebhookReceiver } from '../../../test/support/webhook-receiver.js';
import { ADMIN, WebhookWorld } from '../../../test/support/webhooks.js';
import type { WebhookDeliverer } from './deliverer.js';
import { undelivered } from './webhooks.store.js';

let test: TestDatabase;
let world: WebhookWorld;
let receiver: WebhookReceiver;

beforeEach(async () => {
  test = await createTestDatabase();
  world = new WebhookWorld(test);
  receiver = await WebhookReceiver.start();
});

afterEach(async () => {
  await receiver.stop();
  await world.stop();
  await test.drop();
});

/** Everything that is due now. */
const deliver = async (deliverer: WebhookDeliverer = world.deliverer()): Promise<void> => {
  await deliverer.round();
  await deliverer.settled();
};

describe('a notice', () => {
  it('is a signed CloudEvent that holds what the audit log shows', async () => {
    const { secret } = await world.webhook(receiver.url);
    await world.happens();
    await deliver();
    expect(receiver.events(secret)).toEqual([
      {
        specversion: '1.0',
        id: expect.stringMatching(/^[0-9A-Z]{26}$/) as unknown,
        source: 'urn:sexton',
        type: 'sexton.deletion.succeeded',
        subject: 'deletions/01JD',
        time: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
        datacontenttype: 'application/json',
        data: expect.objectContaining({
          sequence: 2,
          action: 'deletion.finished',
          registry: 'prod',
          repository: 'team-a/app',
          reason: 'CVE-2026-1234',
          details: { state: 'succeeded' },
        }) as unknown,
      },
    ]);
    expect(receiver.received[0]?.headers['user-agent']).toBe('Sexton');
    expect(await world.rows()).toMatchObject([{ state: 'delivered', attempts: 1, last_status: 204 }]);
  });

  it('does not verify with another secret, nor when a byte of it was changed', async () => {
    const { secret } = await world.webhook(receiver.url);
    const { secret: other } = await world.webhook(receiver.url, { events: ['pause.created'] });
    await world.happens();
    await deliver();
    expect(() => receiver.events(other)).toThrow(/signature/i);
    const [one] = receiver.received;
    receiver.received.splice(0, 1, { ...one!, body: one!.body.replace('team-a', 'team-b') });
    expect(() => receiver.events(secret)).toThrow(/signature/i);
  });

  it('comes only of what was asked for, where it was asked for, and from when it was', async () => {
    await world.happens();
    const { secret } = await world.webhook(receiver.url, {
      events: ['deletion.succeeded'],
      repositories: ['prod/team-a/**'],
    });
    await world.happens('deletion.finished', { repository: 'team-b/app' });
    await world.happens('deletion.finished', { registry: 'test' });
    await world.happens('deletion.finished', { outcome: 'failed', details: {} });
    await world.happens('collection.finished', { repository: null });
    await world.happens('target.deleted');
    await world.happens('deletion.finished', { reason: 'this one' });
    await deliver();
    expect(receiver.events(secret)).toMatchObject([{ data: { reason: 'this one' } }]);
  });

  it('comes once of a deletion that was refused for many references', async () => {
    await world.webhook(receiver.url);
    for (const reference of ['v1', 'v2', 'v3']) {
      await world.happens('deletion.refused', { reference, deletionId: 'A', outcome: 'refused' });
      await deliver();
    }
    await world.happens('deletion.refused', { reference: 'v1', deletionId: 'B', outcome: 'refused' });
    await deliver();
    expect(receiver.received).toHaveLength(2);
  });

  it('comes in the order of the log, one after the other', async () => {
    const { secret } = await world.webhook(receiver.url);
    let open = 0;
    let most = 0;
    receiver.answer = () => (response) => {
      most = Math.max(most, (open += 1));
      setImmediate(() => {
        open -= 1;
        response.writeHead(200).end('ok');
      });
    };
    for (let i = 0; i < 30; i++) await world.happens('deletion.finished', { reference: `v${i}` });
    await Promise.all([deliver(), deliver()]);
    await deliver();
    const references = receiver
      .events(secret)
      .map((event) => (event as { data: { reference: string } }).data.reference);
    expect(references).toEqual(Array.from({ length: 30 }, (_, i) => `v${i}`));
    expect(most).toBe(1);
  });

  it('has two signatures while a secret is rotated, and one afterwards', async () => {
    const { id, secret: old } = await world.webhook(receiver.url);
    const { secret } = await world.webhooks.rotate(ADMIN, id, 'a request');
    await world.happens();
    await deliver();
    expect(receiver.events(old)).toHaveLength(1);
    expect(receiver.events(secret)).toHaveLength(1);
    world.nowMs += 25 * 3_600_000;
    await world.happens();
    await deliver();
    expect(receiver.received[1]?.headers['webhook-signature']).not.toContain(' ');
  });
});

describe('a receiver that fails', () => {
  it('gets it again after longer and longer, under the same id, and with a new timestamp', async () => {
    const { secret } = await world.webhook(receiver.url);
    receiver.answer = (_, count) => ({ status: count < 4 ? 500 : 200 });
    await world.happens();
    await deliver();
    for (const waitMs of [500, 1_000, 2_000]) {
      const before = receiver.received.length;
      world.nowMs += waitMs - 1;
      await deliver();
      expect(receiver.received, `before ${waitMs} ms`).toHaveLength(before);
      world.nowMs += 1;
      await deliver();
      expect(receiver.received, `after ${waitMs} ms`).toHaveLength(before + 1);
    }
    expect(new Set(receiver.ids).size).toBe(1);
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(
      new Set(receiver.received.map(({ headers }) => headers['webhook-timestamp'])).size,
    ).toBeGreaterThan(1);
    expect(receiver.events(secret)).toHaveLength(4);
    expect(await world.rows()).toMatchObject([{ state: 'delivered', attempts: 4 }]);
  });

  it.each([
    ['seconds', () => '120'],
    ['a date', () => new Date(Math.ceil((world.nowMs + 120_000) / 1000) * 1000).toUTCString()],
  ])('is left alone for as long as Retry-After says in %s', async (_, retryAfter) => {
    await world.webhook(receiver.url);
    receiver.answer = () => ({ status: 503, headers: { 'retry-after': retryAfter() } });
    await world.happens();
    await deliver();
    world.nowMs += 119_000;
    await deliver();
    expect(receiver.received).toHaveLength(1);
    world.nowMs += 2_000;
    await deliver();
    expect(receiver.received).toHaveLength(2);
  });

  it('does not keep later notices from coming', async () => {
    await world.webhook(receiver.url);
    receiver.answer = ({ body }) => ({ status: body.includes('"poison"') ? 400 : 200 });
    await world.happens('deletion.finished', { reason: 'poison' });
    await world.happens('deletion.finished', { reason: 'good' });
    await deliver();
    expect(await world.rows()).toMatchObject([{ state: 'waiting' }, { state: 'delivered' }]);
  });

  it('has its notices dead after the last try; they are shown, audited, and sent again on request', async () => {
    const { id, secret } = await world.webhook(receiver.url);
    receiver.answer = () => ({ status: 500 });
    await world.happens();
    for (let i = 0; i < 6; i++) {
      await deliver();
      world.nowMs += 10_000;
    }
    expect(receiver.received).toHaveLength(4);
    const dead = await world.deliveries.list(id, { state: 'dead', limit: 10 });
    expect(dead.items).toMatchObject([{ attempts: 4, lastStatus: 500, lastFault: { code: 'status' } }]);
    expect(await world.actions()).toEqual(['webhook.created', 'webhook.delivery_dead']);
    expect(await undelivered(test.db)).toMatchObject({ waiting: 0, dead: 1 });
    receiver.answer = () => ({ status: 200 });
    await world.deliveries.resend(ADMIN, id, dead.items[0]!.id, 'a request');
    await deliver();
    expect(receiver.received).toHaveLength(5);
    expect(new Set(receiver.ids).size).toBe(1);
    expect(receiver.events(secret)).toHaveLength(5);
    expect(await world.rows()).toMatchObject([{ state: 'delivered', attempts: 1 }]);
    expect(await world.actions()).toContain('webhook.delivery_resent');
    expect(await undelivered(test.db)).toMatchObject({ waiting: 0, dead: 0 });
  });

  it('that answers 410 is not asked again, until somebody enables the webhook', async () => {
    const { id } = await world.webhook(receiver.url);
    receiver.answer = () => ({ status: 410 });
    await world.happens('deletion.finished', { reference: 'a' });
    await world.happens('deletion.finished', { reference: 'b' });
    await deliver();
    await world.happens('deletion.finished', { reference: 'c' });
    world.nowMs += 3_600_000;
    await deliver();
    expect(receiver.received).toHaveLength(1);
    expect(await world.webhooks.get(id)).toMatchObject({ enabled: false, disabledBecause: 'gone' });
    expect(await world.actions()).toEqual(['webhook.created', 'webhook.delivery_dead', 'webhook.disabled']);
    receiver.answer = () => ({ status: 200 });
    await world.webhooks.change(ADMIN, id, { enabled: true }, 'a request');
    await deliver();
    // b waited; c happened while it was off.
    expect(receiver.received.map(({ body }) => /"reference":"(.)"/.exec(body)?.[1])).toEqual(['a', 'b']);
  });

  it('with a redirect is not followed, wherever that leads', async () => {
    const other = await WebhookReceiver.start();
    try {
      await world.webhook(receiver.url);
      receiver.answer = (_, count) => ({
        status: count === 1 ? 307 : 302,
        headers: { location: count === 1 ? other.url : 'http://169.254.169.254/latest/meta-data/' },
      });
      await world.happens();
      await deliver();
      world.nowMs += 3_600_000;
      await deliver();
      expect(receiver.received).toHaveLength(2);
      expect(other.received).toEqual([]);
      expect(await world.rows()).toMatchObject([
        { state: 'waiting', last_status: 302, last_fault: 'redirect' },
      ]);
    } finally {
      await other.stop();
    }
  });

  it('that sends a body without end, or no end of headers, is cut off', async () => {
    await world.webhook(receiver.url);
    let sent = 0;
    receiver.answer = () => (response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed) {
          sent += 65_536;
          if (!response.write(Buffer.alloc(65_536))) {
            response.once('drain', more);
            return;
          }
        }
      };
      more();
    };
    await world.happens();
    await deliver();
    expect(await world.rows()).toMatchObject([{ state: 'delivered' }]);
    expect(sent).toBeLessThan(16 * 1024 * 1024);
    receiver.answer = () => (response) => {
      response.socket?.write(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(200_000)}\r\n\r\n`);
    };
    await world.happens();
    await deliver();
    expect(await world.rows()).toMatchObject([{}, { state: 'waiting', last_fault: 'not_http' }]);
  });

  it.each([
    ['hangs', 'timeout', () => () => undefined],
    ['breaks off', 'no_connection', () => (response: { destroy(): void }) => response.destroy()],
  ])('that %s is tried again: %s', async (_, fault, answer) => {
    await world.webhook(receiver.url);
    receiver.answer = answer;
    await world.happens();
    await deliver(world.deliverer({ timeoutMs: 300 }));
    expect(await world.rows()).toMatchObject([{ state: 'waiting', last_fault: fault, last_status: null }]);
  });

  it('does not delay another', async () => {
    const slow = await WebhookReceiver.start();
    try {
      slow.answer = () => () => undefined;
      for (let i = 0; i < 5; i++) await world.webhook(slow.url);
      await world.webhook(receiver.url);
      await world.happens();
      const deliverer = world.deliverer({ timeoutMs: 30_000 });
      await deliverer.round();
      await receiver.until(1);
      await slow.until(2);
      // More rounds give the slow one no more than its two, and the other whatever is new.
      await world.happens();
      await deliverer.round();
      await receiver.until(2);
      expect(slow.received).toHaveLength(2);
      await slow.stop();
      await deliverer.settled();
    } finally {
      await slow.stop().catch(() => undefined);
    }
  });
});
