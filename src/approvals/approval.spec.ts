import { expect, it } from 'vitest';
import { isApproved, isExpired, type Approval, type Decision } from './approval.js';

const decisions = (...verdicts: Decision['decision'][]): Decision[] =>
  verdicts.map((decision, n) => ({ decision, by: { id: `key_${n}`, name: '' }, reason: '', at: '' }));

const approval = (changes: Partial<Approval>): Approval => ({
  planHash: 'sha256:a',
  requesters: ['key_r'],
  needed: 2,
  rules: [],
  expiresAt: '2026-01-01T00:00:00Z',
  decisions: [],
  ...changes,
});

it('is given by as many approvals as are needed, and a rejection is none', () => {
  expect(isApproved(approval({ decisions: decisions('approved') }))).toBe(false);
  expect(isApproved(approval({ decisions: decisions('approved', 'rejected') }))).toBe(false);
  expect(isApproved(approval({ decisions: decisions('approved', 'approved') }))).toBe(true);
});

it('is over at the moment when it expires', () => {
  const at = Date.parse('2026-01-01T00:00:00Z');
  expect([at - 1, at].map((nowMs) => isExpired(approval({}), nowMs))).toEqual([false, true]);
});
