import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.js';
import { AuditLog } from '../audit/audit-log.js';
import { DeletionIntake } from '../deletions/deletion-intake.js';
import type { DeletionState, TargetOutcome } from '../deletions/deletion-state.js';
import { createDeletionSchema } from '../deletions/deletions.dto.js';
import { digestOf } from '../oci/digest.js';
import { NO_TRACING } from '../telemetry/tracing/tracing.js';
import { SpendingStore } from './spending.store.js';

const NOW = new Date();
const HOUR = 3_600_000;
const spending = new SpendingStore();
let test: TestDatabase;
let intake: DeletionIntake;

beforeAll(async () => {
  test = await createTestDatabase();
  intake = new DeletionIntake(test.db, new AuditLog(), NO_TRACING);
});
afterAll(() => test?.drop());

/** A deletion of the caller with one target; returns its id. */
const aDeletion = async (
  caller: string,
  state: DeletionState,
  outcome: TargetOutcome | null,
  hoursAgo = 1,
): Promise<string> => {
  const request = { registry: 'prod', repository: 'team-a/app', references: ['v1'], reason: 'a test' };
  const asked = {
    caller: { id: caller, name: caller, role: 'requester', scopes: [], address: null },
    requestId: 'a request',
    signal: new AbortController().signal,
  } as const;
  const made = await intake.accept(asked, createDeletionSchema.parse(request), null);
  if (!('id' in made)) throw new Error('it is new');
  await test.db.updateTable('deletions').set({ state }).where('id', '=', made.id).execute();
  const target = { deletion_id: made.id, position: 0, reference: 'v1', digest: digestOf(Buffer.from('v1')) };
  await test.db.insertInto('deletion_targets').values(target).execute();
  const finished = { outcome, finished_at: outcome && new Date(NOW.getTime() - hoursAgo * HOUR) };
  await test.db.updateTable('deletion_targets').set(finished).where('deletion_id', '=', made.id).execute();
  return made.id;
};

const spent = (caller: string, except = 'none'): Promise<number> =>
  test.db.transaction().execute((tx) => spending.spent(tx, caller, except, NOW));

describe('the day of a caller', () => {
  it.each([
    ['what went', 'succeeded', 'deleted', 1],
    ['a tag that went alone', 'succeeded', 'untagged', 1],
    ['what went and was put back', 'restored', 'restored', 1],
    ['what waits for people', 'awaiting_approval', null, 1],
    ['what waits for its turn', 'queued', null, 1],
    ['what is under way', 'running', null, 1],
    ['what was left alone', 'failed', 'tag_moved', 0],
    ['what was cancelled', 'cancelled', null, 0],
    ['a dry run', 'planned', null, 0],
  ] as const)('counts of %s: %s, %s: %i', async (what, state, outcome, expected) => {
    await aDeletion(what, state, outcome);
    expect(await spent(what)).toBe(expected);
  });

  it('is 24 hours long, somebody’s own, and without the deletion that is asked about', async () => {
    await aDeletion('one', 'succeeded', 'deleted', 25);
    await aDeletion('one', 'succeeded', 'deleted', 23);
    await aDeletion('other', 'succeeded', 'deleted');
    const asked = await aDeletion('one', 'queued', null);
    expect(await spent('one', asked)).toBe(1);
  });

  it('is counted by one at a time, so that of two that fit alone one is refused', async () => {
    let second = Promise.resolve(-1);
    let isCounted = false;
    await test.db.transaction().execute(async (tx) => {
      await spending.spent(tx, 'both', 'none', NOW);
      second = spent('both').finally(() => (isCounted = true));
      await vi.waitFor(async () => {
        const waiting = await test.pool.query(
          `select 1 from pg_locks where locktype = 'advisory' and not granted`,
        );
        expect(isCounted || waiting.rows.length > 0).toBe(true);
      });
      expect(isCounted).toBe(false);
      expect(await spent('somebody else')).toBe(0);
    });
    expect(await second).toBe(0);
  });
});
