import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.js';
import { AuditLog } from '../audit/audit-log.js';
import type { Caller } from '../identity/caller.js';
import { NO_TRACING } from '../telemetry/tracing/tracing.js';
import type { Asked } from './asked.js';
import { DeletionIntake } from './deletion-intake.js';
import { createDeletionSchema, type CreateDeletion } from './deletions.dto.js';

const CALLER: Caller = { id: 'key_A', name: 'team-a ci', role: 'requester', scopes: [], address: '10.1.2.3' };

let test: TestDatabase;
let intake: DeletionIntake;

beforeAll(async () => {
  test = await createTestDatabase();
  intake = new DeletionIntake(test.db, new AuditLog(), NO_TRACING);
});

afterAll(() => test?.drop());

const asked = (requestId: string, caller = CALLER): Asked => ({
  caller,
  requestId,
  signal: new AbortController().signal,
});

const aRequest = (repository: string, more: Partial<CreateDeletion> = {}): CreateDeletion => ({
  ...createDeletionSchema.parse({ registry: 'prod', repository, references: ['v1'], reason: 'a test' }),
  ...more,
});

const stored = async (repositories: string) => ({
  deletions: await test.db
    .selectFrom('deletions')
    .select(['id', 'repository', 'reason', 'labels', 'requested_references', 'request_id'])
    .where('repository', 'like', repositories)
    .orderBy('repository')
    .execute(),
  events: await test.db
    .selectFrom('audit_events')
    .select(['deletion_id', 'repository', 'action', 'details', 'request_id'])
    .where('repository', 'like', repositories)
    .orderBy('repository')
    .execute(),
});

it('makes requests of one moment durable in few statements, each with its own audit event', async () => {
  let statements = 0;
  const count = (): void => void (statements += 1);
  test.pool.on('acquire', count);
  const rows = await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      intake.accept(
        asked(`request-${n}`),
        aRequest(`many/${n + 100}`, { labels: { n: `${n}`, 'größe "\\': '测试\n' } }),
        null,
      ),
    ),
  );
  test.pool.off('acquire', count);
  expect(statements).toBeLessThan(5);
  const { deletions, events } = await stored('many/%');
  for (const [n, row] of rows.entries()) {
    const one = { repository: `many/${n + 100}`, request_id: `request-${n}` };
    const labels = { n: `${n}`, 'größe "\\': '测试\n' };
    expect(row).toMatchObject({ ...one, state: 'planning', attempts: 0, labels });
    const id = 'id' in row ? row.id : '';
    expect(deletions[n]).toMatchObject({ ...one, id, labels, requested_references: ['v1'] });
    const details = { references: ['v1'], dryRun: false, siblings: 'refuse' };
    expect(events[n]).toEqual({ ...one, deletion_id: id, action: 'deletion.requested', details });
  }
});

it('answers nobody for a request of somebody else that PostgreSQL refuses', async () => {
  const outcomes = await Promise.allSettled(
    ['a', 'b', 'c'].map((name) =>
      // What no schema lets through.
      intake.accept(asked(name), aRequest(`mixed/${name}`, name === 'b' ? { reason: 'a\u0000b' } : {}), null),
    ),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  const { deletions, events } = await stored('mixed/%');
  expect(deletions.map(({ repository }) => repository)).toEqual(['mixed/a', 'mixed/c']);
  expect(events.map(({ repository }) => repository)).toEqual(['mixed/a', 'mixed/c']);
});

it.each([
  ['rules', { tags: 'dev-*', keepNewest: 3 }, { tags: 'dev-*', keepNewest: 3 }],
  ['a whole repository', undefined, 'everything'],
] as const)('keeps what selects: %s', async (name, selector, selected) => {
  const what = selector ? { selector } : { wholeRepository: true };
  const request = createDeletionSchema.parse({
    registry: 'prod',
    repository: 'selected/app',
    reason: name,
    ...what,
  });
  expect(await intake.accept(asked('r'), request, null)).toMatchObject({
    selector: selected,
    requested_references: [],
  });
});

it('takes a name that ends in half a character, as tokens may hold', async () => {
  await intake.accept(asked('r', { ...CALLER, name: 'half \ud83d' }), aRequest('names/half'), null);
  expect((await stored('names/%')).deletions).toHaveLength(1);
});
