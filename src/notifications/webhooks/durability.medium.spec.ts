import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import { WebhookReceiver } from '../../../test/support/webhook-receiver.js';
import { ADMIN, WebhookWorld } from '../../../test/support/webhooks.js';
import { claimWebhook } from './claims.store.js';
import { feedNextBatch } from './feed.store.js';
import type { WebhookDeliverer } from './deliverer.js';

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

describe('whatever dies', () => {
  it('between sending and recording: the notice comes again, under the same id', async () => {
    await world.webhook(receiver.url);
    await world.happens();
    // The database goes away for this process in the moment when the receiver has the notice.
    receiver.answer = () => (response) => {
      void test.db
        .updateTable('webhooks')
        .set({ claim: 'nobody, who died' })
        .execute()
        .then(() => response.writeHead(200).end());
    };
    await deliver();
    expect(await world.rows()).toMatchObject([{ state: 'waiting', attempts: 0 }]);
    receiver.answer = () => ({ status: 200 });
    await deliver();
    expect(receiver.received, 'while the claim of the dead one counts').toHaveLength(1);
    world.nowMs += 60_000;
    await deliver();
    expect(receiver.received).toHaveLength(2);
    expect(new Set(receiver.ids).size).toBe(1);
    expect(await world.rows()).toMatchObject([{ state: 'delivered' }]);
  });

  it('while the log is made into deliveries: none is lost, none is there twice', async () => {
    await world.webhook(receiver.url);
    for (let i = 0; i < 5; i++) await world.happens('deletion.finished', { reference: `v${i}` });
    await feedNextBatch(test.db, 3, new Date(world.nowMs));
    // A crash before the commit leaves the cursor where it was; here it is even put back by hand.
    await test.db.updateTable('webhook_feed').set({ sequence: 0 }).execute();
    await Promise.all(Array.from({ length: 8 }, () => feedNextBatch(test.db, 2, new Date(world.nowMs))));
    await deliver();
    expect(receiver.received).toHaveLength(5);
  });

  it('two processes never deliver to one webhook at once', async () => {
    await world.webhook(receiver.url);
    await world.happens();
    await feedNextBatch(test.db, 10, new Date(world.nowMs));
    const [now, until] = [new Date(world.nowMs), new Date(world.nowMs + 40_000)];
    const claims = await Promise.all(Array.from({ length: 10 }, () => claimWebhook(test.db, now, until, [])));
    expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
    expect(await claimWebhook(test.db, new Date(world.nowMs + 39_999), until, [])).toBeNull();
    expect(await claimWebhook(test.db, new Date(world.nowMs + 40_000), until, [])).not.toBeNull();
  });

  it('a stop waits for the attempt that is under way, and begins no other', async () => {
    await world.webhook(receiver.url);
    await world.happens('deletion.finished', { reference: 'a' });
    await world.happens('deletion.finished', { reference: 'b' });
    let finish = (): void => undefined;
    receiver.answer = () => (response) => {
      finish = () => response.writeHead(200).end();
    };
    const deliverer = world.deliverer();
    deliverer.start();
    await receiver.until(1);
    const stopped = deliverer.stop();
    finish();
    await stopped;
    expect(await world.rows()).toMatchObject([{ state: 'delivered' }, { state: 'waiting', attempts: 0 }]);
    expect(await test.db.selectFrom('webhooks').select('claim').execute()).toEqual([{ claim: null }]);
  });

  it('what is older than a month is forgotten', async () => {
    await world.webhook(receiver.url);
    await world.happens();
    const deliverer = world.deliverer();
    await deliver(deliverer);
    world.nowMs += 29 * 86_400_000;
    await deliver(deliverer);
    expect(await world.rows()).toHaveLength(1);
    world.nowMs += 2 * 86_400_000;
    await deliver(deliverer);
    expect(await world.rows()).toEqual([]);
  });
});

describe('a secret', () => {
  it('is in no log line and no audit event', async () => {
    const { id, secret } = await world.webhook(`${receiver.url}/T0K3N-in-the-path`);
    const { secret: second } = await world.webhooks.rotate(ADMIN, id, 'a request');
    receiver.answer = (_, count) => ({ status: count === 1 ? 500 : 410 });
    await world.happens();
    await deliver();
    world.nowMs += 3_600_000;
    await deliver();
    const events = await test.db.selectFrom('audit_events').selectAll().execute();
    const written = JSON.stringify([events, world.logLines]);
    for (const word of [secret, second, secret.slice(6), second.slice(6), 'T0K3N']) {
      expect(written).not.toContain(word);
    }
    expect(world.logLines.length).toBeGreaterThan(0);
  });
});
