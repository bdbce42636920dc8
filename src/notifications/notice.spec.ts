import { describe, expect, it } from 'vitest';
import { AUDIT_ACTIONS, type AuditEvent } from '../audit/audit-event.js';
import { NOTICE_TYPES, noticeTypeOf, onceKeyOf } from './notice.js';

const event = (change: Partial<AuditEvent>): AuditEvent => ({
  ...{ id: '01JD3M2Q8V4T7X9Y1Z5A6B8C0D', at: new Date(0), action: 'deletion.requested', outcome: 'accepted' },
  ...{ actor: { id: 'key_1', name: 'ci', address: null }, code: null, registry: 'prod' },
  ...{ repository: 'team-a/app', reference: null, digest: null, bytes: null, reason: null, ticket: null },
  ...{ requestId: null, deletionId: '01JD', details: {} },
  ...change,
});

describe('what an audit event is a notice of', () => {
  it.each([
    ['deletion.finished', 'succeeded', { state: 'succeeded' }, 'deletion.succeeded'],
    ['deletion.finished', 'succeeded', { state: 'partially_succeeded' }, 'deletion.partially_succeeded'],
    ['deletion.finished', 'failed', { state: 'failed' }, 'deletion.failed'],
    // One that could not be planned has no state in its details.
    ['deletion.finished', 'failed', { message: 'no answer' }, 'deletion.failed'],
    ['deletion.restored', 'succeeded', {}, 'deletion.restored'],
    ['deletion.restored', 'failed', {}, 'deletion.restore_failed'],
    ['collection.finished', 'succeeded', {}, 'collection.succeeded'],
    ['collection.finished', 'failed', {}, 'collection.failed'],
    ['hold.removed', 'succeeded', {}, 'hold.removed'],
    ['target.deleted', 'succeeded', {}, null],
    ['login.failed', 'refused', {}, null],
    ['something.newer', 'succeeded', {}, null],
  ])('%s, %s, %j: %s', (action, outcome, details, type) => {
    expect(noticeTypeOf(event({ action, outcome, details }))).toBe(type);
  });

  it('is nothing for what happens to webhooks: a notice that fails makes no notice', () => {
    const ours = AUDIT_ACTIONS.filter((action) => action.startsWith('webhook.'));
    expect(ours.length).toBeGreaterThan(0);
    expect(ours.map((action) => noticeTypeOf(event({ action })))).toEqual(ours.map(() => null));
  });

  it('comes about for every type that can be asked for', () => {
    const made = AUDIT_ACTIONS.flatMap((action) => [
      noticeTypeOf(event({ action, outcome: 'succeeded' })),
      noticeTypeOf(event({ action, outcome: 'failed' })),
      noticeTypeOf(event({ action, outcome: 'succeeded', details: { state: 'partially_succeeded' } })),
    ]);
    expect(NOTICE_TYPES.filter((type) => !made.includes(type))).toEqual([]);
  });

  it('is told once of a refused deletion, however many references were refused', () => {
    expect(onceKeyOf('deletion.refused', event({ reference: 'v1' }))).toBe(
      onceKeyOf('deletion.refused', event({ reference: 'v2' })),
    );
    expect(onceKeyOf('deletion.awaiting_approval', event({}))).toBeNull();
  });
});
