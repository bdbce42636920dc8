import { expect, it } from 'vitest';
import type { Tx } from '../database/database.js';
import type { DeletionRow } from '../deletions/deletion-view.js';
import type { Guardrails } from '../guardrails/guardrails.js';
import { NO_LIMITS, type Limits } from '../guardrails/limits.js';
import type { SpendingStore } from '../guardrails/spending.store.js';
import { digestOf } from '../oci/digest.js';
import { parseTag } from '../oci/names.js';
import type { Plan } from '../planning/plan.js';
import { Admission } from './admission.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const ROW = {
  id: '01JD',
  registry: 'prod',
  repository: 'team-a/app',
  requested_by_id: 'key_made',
} as DeletionRow;

/** Takes two of the three tags there are. */
const PLAN: Plan = {
  hash: 'sha256:a',
  targets: ['v1', 'v2'].map((name) => ({
    kind: 'manifest',
    reference: name,
    digest: digestOf(Buffer.from(name)),
    mediaType: '',
    size: 100,
    because: 'requested',
    cause: null,
    tags: [parseTag(name)],
    siblings: [],
    parents: [],
    children: [],
    referrers: [],
  })),
  refusals: [],
  selected: null,
  tagsInRepository: 3,
  notes: [],
  reclaimableBytes: { value: 200, exact: false },
};

const admit = (limits: Partial<Limits>, spent: Record<string, number> = {}, executedBy?: string) => {
  const guardrails: Guardrails = { holds: [], approvals: [], limits: { ...NO_LIMITS, ...limits } };
  const spending = { spent: async (_tx: Tx, caller: string) => spent[caller] ?? 0 } as SpendingStore;
  return new Admission(guardrails, spending, () => NOW).admit({} as Tx, ROW, PLAN, executedBy);
};

it('asks others where more than the share of a repository goes, though no rule does', async () => {
  expect(await admit({ share: { percent: 70, over: 'approval' } })).toMatchObject({ to: 'queued' });
  expect(await admit({ share: { percent: 60, over: 'approval' } })).toMatchObject({
    to: 'awaiting_approval',
    approval: {
      planHash: PLAN.hash,
      requesters: ['key_made'],
      needed: 1,
      rules: [{ name: 'limits.share' }],
      expiresAt: new Date(NOW + NO_LIMITS.approvalExpiresAfterMs).toISOString(),
      decisions: [],
    },
  });
});

it.each(['key_made', 'key_other'])(
  'is refused where the day of %s is over, of the two who asked for it',
  async (who) => {
    const limits = { targetsPerDay: 4 };
    expect(await admit(limits, { [who]: 2 }, 'key_other')).toMatchObject({ to: 'queued' });
    expect(await admit(limits, { [who]: 3 }, 'key_other')).toMatchObject({
      to: 'refused',
      refusal: { reference: '*', code: 'daily_limit_reached' },
    });
  },
);
