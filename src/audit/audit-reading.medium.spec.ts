import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditParts } from '../../test/support/audit.js';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.js';
import type { Caller } from '../identity/caller.js';
import type { NewAuditEvent } from './audit-event.js';
import { listAuditEventsSchema, verifyAuditSchema } from './audit.dto.js';
import { AuditService } from './audit.service.js';
import { hashOf } from './chain.js';

const aCaller = (change: Partial<Caller> = {}): Caller => ({
  id: 'key_audit',
  name: 'auditor',
  role: 'auditor',
  scopes: [],
  address: null,
  ...change,
});

const anEvent = (change: Partial<NewAuditEvent>): NewAuditEvent => ({
  action: 'target.deleted',
  actor: { id: 'key_a', name: 'team-a ci', address: null },
  outcome: 'succeeded',
  registry: 'prod',
  repository: 'team-a/app',
  ...change,
});

const EVENTS: readonly NewAuditEvent[] = [
  anEvent({
    reference: 'v1',
    deletionId: 'D1',
    reason: 'CVE-2026-1234: leaking layers, größe 测试',
    ticket: 'OPS-1',
    requestId: 'R1',
  }),
  anEvent({ reference: 'v2', deletionId: 'D1', outcome: 'refused', code: 'held', action: 'target.refused' }),
  anEvent({ repository: 'team-a', reference: 'v3' }),
  anEvent({ repository: 'team-ab/app', reference: 'v4', actor: { id: 'key_b', name: 'b', address: null } }),
  anEvent({ repository: 'team-a/app', reference: 'v5', actor: { id: 'key_b', name: 'b', address: null } }),
  anEvent({
    registry: 'dev',
    reference: 'v6',
    details: { tags: ['v6', 'latest'] },
    digest: `sha256:${'a'.repeat(64)}`,
  }),
  {
    action: 'login.failed',
    actor: { id: 'anonymous', name: 'anonymous', address: '10.0.0.9' },
    outcome: 'refused',
  },
];

let test: TestDatabase;
let audit: AuditService;

beforeAll(async () => {
  test = await createTestDatabase();
  const { log, options, signer, sealer } = auditParts(test);
  audit = new AuditService(test.db, options, signer);
  for (const event of EVENTS) await log.record(test.db, event);
  await sealer.sealWaiting();
});

afterAll(() => test.drop());

const list = (caller: Caller, query: Record<string, unknown> = {}) =>
  audit.list(caller, listAuditEventsSchema.parse(query));

const seen = async (caller: Caller, query: Record<string, unknown> = {}) =>
  (await list(caller, query)).items.map((item) => item.reference ?? item.action);

describe('the list of audit events', () => {
  it('is newest first, and shows an auditor everything', async () => {
    expect(await seen(aCaller())).toEqual(['login.failed', 'v6', 'v5', 'v4', 'v3', 'v2', 'v1']);
  });

  it.each([
    [{ registry: 'dev' }, ['v6']],
    [{ registry: 'prod', repository: 'team-a/app' }, ['v5', 'v2', 'v1']],
    [{ actor: 'key_b' }, ['v5', 'v4']],
    [{ action: 'login.failed' }, ['login.failed']],
    [{ deletion: 'D1', outcome: 'refused' }, ['v2']],
    [{ code: 'held' }, ['v2']],
    [{ reference: 'v3' }, ['v3']],
    [{ digest: `sha256:${'a'.repeat(64)}` }, ['v6']],
    [{ ticket: 'OPS-1', requestId: 'R1' }, ['v1']],
    [{ tag: 'latest' }, ['v6']],
    [{ tag: 'v3' }, ['v3']],
    [{ actorName: 'b' }, ['v5', 'v4']],
    [{ actorAddress: '10.0.0.9' }, ['login.failed']],
    [{ repository: 'team-ab/app' }, ['v4']],
    [{ q: 'Layers CVE-2026-1234' }, ['v1']],
    [{ q: '"leaking layers"' }, ['v1']],
    [{ q: '"layers leaking"' }, []],
    [{ q: 'layers -leaking' }, []],
    [{ q: 'nothing or größe' }, ['v1']],
    [{ q: '测试' }, ['v1']],
    [{ q: "%' & ! ( :* \\" }, []],
    [{ until: '2020-01-01T00:00:00Z' }, []],
    [{ since: '2100-01-01T00:00:00+08:00' }, []],
    [{ since: '2020-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z', reference: 'v1' }, ['v1']],
  ])('filters by %j', async (query, expected) => {
    expect(await seen(aCaller(), query)).toEqual(expected);
  });

  it('shows others what they did and what happened within their scopes, and nothing else', async () => {
    const requester = (id: string, ...scopes: string[]) => aCaller({ id, role: 'requester', scopes });
    expect(await seen(requester('key_x'))).toEqual([]);
    expect(await seen(requester('key_b'))).toEqual(['v5', 'v4']);
    expect(await seen(requester('key_x', 'prod/team-a/**:delete'))).toEqual(['v5', 'v2', 'v1']);
    expect(await seen(requester('key_x', 'prod/team-*/app:read'))).toEqual(['v5', 'v4', 'v2', 'v1']);
    expect(await seen(requester('key_b', 'dev/team-a/app:read'))).toEqual(['v6', 'v5', 'v4']);
    expect(await seen(requester('key_x', 'prod/team_a/app:read'))).toEqual([]);
  });

  it('pages through every event once, whatever the page size and the scopes', async () => {
    const callers = [aCaller(), aCaller({ id: 'key_b', role: 'requester', scopes: ['*/team-a/**:read'] })];
    for (const caller of callers) {
      const whole = await seen(caller);
      for (const limit of [1, 2, 3, 7, 50]) {
        const pages: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await list(caller, { limit, ...(cursor === undefined ? {} : { cursor }) });
          expect(page.items.length).toBeLessThanOrEqual(limit);
          pages.push(...page.items.map((item) => item.reference ?? item.action));
          cursor = page.nextCursor ?? undefined;
        } while (cursor !== undefined);
        expect(pages).toEqual(whole);
      }
    }
  });

  it('ends a page early rather than search for ever for what the caller may see', async () => {
    const own = await createTestDatabase();
    const row = {
      actor_id: 'x',
      actor_name: 'x',
      action: 'target.deleted',
      outcome: 'succeeded',
      details: '{}',
    };
    // Inside the SQL pattern of the scope (`%` crosses components) and outside the scope itself.
    const hidden = Array.from({ length: 5_400 }, (_, i) => ({
      ...row,
      id: `H${i}`,
      registry: 'prod',
      repository: 'a/b/c',
    }));
    await own.db
      .insertInto('audit_events')
      .values({ ...row, id: 'SEEN', registry: 'prod', repository: 'a/c' })
      .execute();
    for (let i = 0; i < hidden.length; i += 2_700)
      await own.db
        .insertInto('audit_events')
        .values(hidden.slice(i, i + 2_700))
        .execute();
    const { options, signer } = auditParts(own);
    const service = new AuditService(own.db, options, signer);
    const caller = aCaller({ id: 'y', role: 'requester', scopes: ['prod/a/*:read'] });
    const first = await service.list(caller, listAuditEventsSchema.parse({}));
    expect(first.items).toEqual([]);
    const next = await service.list(caller, listAuditEventsSchema.parse({ cursor: first.nextCursor }));
    expect(next.items.map((item) => item.id)).toEqual(['SEEN']);
    expect(next.nextCursor).toBeNull();
    await own.drop();
  });

  it('refuses a cursor that it did not give, and a field that it does not know', async () => {
    const { nextCursor } = await list(aCaller(), { limit: '1' });
    const given = JSON.parse(Buffer.from(nextCursor ?? '', 'base64url').toString()) as object;
    const forged = (changes: object) =>
      Buffer.from(JSON.stringify({ ...given, ...changes })).toString('base64url');
    for (const cursor of [
      'x',
      forged({ at: undefined }),
      forged({ at: 'now' }),
      forged({ of: 'another list' }),
    ])
      await expect(list(aCaller(), { cursor })).rejects.toMatchObject({ code: 'invalid_request' });
    expect(listAuditEventsSchema.safeParse({ actoin: 'x' }).success).toBe(false);
    expect(listAuditEventsSchema.safeParse({ limit: '501' }).success).toBe(false);
  });

  it('carries all that is needed to recompute a hash', async () => {
    const { items } = await list(aCaller());
    const [last, before] = items;
    const { sequence, hash, ...event } = last!;
    expect(hashOf(sequence!, before!.hash!, { ...event, at: new Date(event.at), details: {} })).toBe(hash);
  });
});

describe('the verification', () => {
  it('is whole, also against its own head', async () => {
    const { head, ...rest } = await audit.verify({});
    expect(rest).toEqual({
      status: 'whole',
      events: 7,
      sealed: 7,
      unsealed: 0,
      checkpoint: null,
      fault: null,
    });
    expect(await audit.verify(head)).toMatchObject({ status: 'whole' });
    expect(await audit.verify({ ...head, sequence: 9 })).toMatchObject({ fault: { kind: 'truncated' } });
  });

  it('wants both parts of an anchor', () => {
    expect(verifyAuditSchema.safeParse({ sequence: '3' }).success).toBe(false);
    expect(verifyAuditSchema.safeParse({ hash: `sha256:${'0'.repeat(64)}` }).success).toBe(false);
    expect(verifyAuditSchema.safeParse({ sequence: '3', hash: `sha256:${'0'.repeat(64)}` }).success).toBe(
      true,
    );
  });
});
