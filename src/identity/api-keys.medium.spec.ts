import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.js';
import { AuditLog } from '../audit/audit-log.js';
import { generateApiKey } from './api-key.js';
import { createApiKeySchema, type CreateApiKey } from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';
import { ApiKeysStore } from './api-keys.store.js';
import type { Caller } from './caller.js';

const ADMIN: Caller = { id: 'key_ADMIN', name: 'an admin', role: 'admin', scopes: [], address: '10.1.2.3' };
const TEAM: CreateApiKey = { name: 'team-a ci', role: 'requester', scopes: ['prod/team-a/**:delete'] };

let test: TestDatabase;
let store: ApiKeysStore;
let keys: ApiKeysService;

beforeEach(async () => {
  test = await createTestDatabase();
  store = new ApiKeysStore(test.db);
  keys = new ApiKeysService(test.db, store, new AuditLog());
});

afterEach(() => test.drop());

const auditEvents = () =>
  test.db
    .selectFrom('audit_events')
    .select(['action', 'outcome', 'actor_id', 'actor_address', 'request_id', 'details'])
    .orderBy('position')
    .execute();

/** Everything that the database holds about keys and events, as text. */
const everythingStored = async (): Promise<string> =>
  JSON.stringify([await test.db.selectFrom('api_keys').selectAll().execute(), await auditEvents()]);

const isActive = async (secret: string): Promise<boolean> => {
  const row = await store.findBySecret(secret);
  return row !== null && row.revoked_at === null;
};

const failingAudit = (): AuditLog =>
  Object.assign(new AuditLog(), { record: () => Promise.reject(new Error('no audit, no change')) });

describe('a new key', () => {
  it('shows its secret once, is stored as a hash, and is in the audit log', async () => {
    const expiresAt = '2099-01-01T00:00:00.000Z';
    const created = await keys.create(ADMIN, { ...TEAM, expiresAt }, 'request-1');
    expect(created).toMatchObject({ ...TEAM, expiresAt, createdBy: 'key_ADMIN', revokedAt: null });
    expect(created.secret).toMatch(/^sxt_[A-Za-z0-9_-]{43}$/);
    expect(created.secret.startsWith(created.prefix)).toBe(true);
    expect((await store.findBySecret(created.secret))?.id).toBe(created.id);
    expect(JSON.stringify(await keys.list({ limit: 10 }))).not.toContain(created.secret);
    expect(await everythingStored()).not.toContain(created.secret);
    expect(await auditEvents()).toMatchObject([
      {
        action: 'api_key.created',
        outcome: 'succeeded',
        actor_id: 'key_ADMIN',
        actor_address: '10.1.2.3',
        request_id: 'request-1',
        details: { key: created.id, ...TEAM, expiresAt },
      },
    ]);
  });

  it('that many use at one moment is noted as used by one of them', async () => {
    const { secret } = await keys.create(ADMIN, TEAM, 'r');
    let statements = 0;
    const count = (): void => void (statements += 1);
    test.pool.on('acquire', count);
    const now = new Date('2030-01-01T00:00:00Z');
    const use = async (): Promise<void> => {
      const row = await store.findBySecret(secret);
      if (row) await store.noteUse(row, now);
    };
    await Promise.all(Array.from({ length: 50 }, use));
    test.pool.off('acquire', count);
    expect(statements).toBe(2);
    expect((await store.findBySecret(secret))?.last_used_at).toEqual(now);
  });

  // Promise 6
  it('is not made, rotated or revoked when that cannot be recorded', async () => {
    const unaudited = new ApiKeysService(test.db, store, failingAudit());
    const { id, secret } = await keys.create(ADMIN, TEAM, 'r');
    await expect(unaudited.create(ADMIN, TEAM, 'r')).rejects.toThrow('no audit');
    await expect(unaudited.rotate(ADMIN, id, 'r')).rejects.toThrow('no audit');
    await expect(unaudited.revoke(ADMIN, id, 'r')).rejects.toThrow('no audit');
    await expect(unaudited.ensureAdmin(null)).rejects.toThrow('no audit');
    expect((await keys.list({ limit: 10 })).items).toHaveLength(1);
    expect(await isActive(secret)).toBe(true);
  });

  it.each([
    ['a NUL', 'a\u0000b'],
    ['a line break', 'a\nb'],
    ['a bidirectional override', 'a\u202Eb'],
    ['half a character', 'a\ud800b'],
    ['nothing but blanks', '   '],
    ['101 characters', 'x'.repeat(101)],
  ])('has no name with %s', (_what, name) => {
    expect(createApiKeySchema.safeParse({ ...TEAM, name }).success).toBe(false);
  });

  it.each(['2020-01-01T00:00:00Z', '2020-01-01T01:00:00+01:00'])(
    'that has expired already, at %s, is not made',
    async (expiresAt) => {
      await expect(keys.create(ADMIN, { ...TEAM, expiresAt }, 'r')).rejects.toMatchObject({
        code: 'invalid_request',
        faults: [{ path: '/expiresAt', message: 'must be in the future' }],
      });
      expect((await keys.list({ limit: 10 })).items).toEqual([]);
      expect(await auditEvents()).toEqual([]);
    },
  );

  it('has no unknown role, no scope that is none, and no field that is not known', () => {
    for (const change of [{ role: 'root' }, { scopes: ['prod/{a,b}:delete'] }, { secret: 'sxt_mine' }]) {
      expect(createApiKeySchema.safeParse({ ...TEAM, ...change }).success).toBe(false);
    }
  });
});

describe('the list of keys', () => {
  it('is newest first, page by page, and complete', async () => {
    const made: string[] = [];
    for (let i = 0; i < 7; i++) made.push((await keys.create(ADMIN, TEAM, 'r')).id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await keys.list({ limit: 3, ...(cursor !== null && { cursor }) });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual([...made].sort().reverse());
  });

  it.each(['nonsense', '{}', '{"before":"\\u0000"}', '{"before":"key_"}'])(
    'refuses the cursor %s',
    async (text) => {
      const cursor = Buffer.from(text).toString('base64url');
      await expect(keys.list({ limit: 3, cursor })).rejects.toMatchObject({ code: 'invalid_request' });
    },
  );
});

describe('a revoked key', () => {
  it('is one no more, and cannot be revoked or rotated again', async () => {
    const { id, secret } = await keys.create(ADMIN, TEAM, 'r');
    await keys.revoke(ADMIN, id, 'r');
    expect(await isActive(secret)).toBe(false);
    await expect(keys.revoke(ADMIN, id, 'r')).rejects.toMatchObject({ code: 'not_found' });
    await expect(keys.rotate(ADMIN, id, 'r')).rejects.toMatchObject({ code: 'not_found' });
    expect((await auditEvents()).map(({ action }) => action)).toEqual(['api_key.created', 'api_key.revoked']);
  });

  it('is revoked by one of many who do it at once', async () => {
    const { id } = await keys.create(ADMIN, TEAM, 'r');
    const all = await Promise.allSettled(Array.from({ length: 8 }, () => keys.revoke(ADMIN, id, 'r')));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await auditEvents()).toHaveLength(2);
  });

  it.each(['key_nope', '\u0000', 'key_\u0000', `key_${'0'.repeat(26)}`])(
    'must have been one: %j',
    async (id) => {
      await expect(keys.revoke(ADMIN, id, 'r')).rejects.toMatchObject({ code: 'not_found' });
      await expect(keys.rotate(ADMIN, id, 'r')).rejects.toMatchObject({ code: 'not_found' });
    },
  );
});

describe('a rotated key', () => {
  it('stays who it is, with another secret; the old one ends and is remembered as revoked', async () => {
    const old = await keys.create(ADMIN, TEAM, 'r');
    const rotated = await keys.rotate(ADMIN, old.id, 'request-2');
    expect(rotated).toMatchObject({ ...TEAM, id: old.id, createdAt: old.createdAt, lastUsedAt: null });
    expect(rotated.secret).not.toBe(old.secret);
    expect((await store.findBySecret(rotated.secret))?.id).toBe(old.id);
    expect(await isActive(old.secret)).toBe(false);
    const retired = await store.findBySecret(old.secret);
    expect(retired).toMatchObject({ name: TEAM.name, prefix: old.prefix });
    expect((await auditEvents())[1]).toMatchObject({
      action: 'api_key.rotated',
      request_id: 'request-2',
      details: { key: old.id, name: TEAM.name, retired: retired?.id },
    });
    expect(await everythingStored()).not.toContain(rotated.secret);
  });

  it('gets one new secret when many rotate it at once', async () => {
    const { id } = await keys.create(ADMIN, TEAM, 'r');
    const all = await Promise.allSettled(Array.from({ length: 8 }, () => keys.rotate(ADMIN, id, 'r')));
    const secrets = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value.secret] : []));
    const active = await Promise.all(secrets.map(isActive));
    expect(active.filter(Boolean)).toHaveLength(1);
    expect(await auditEvents()).toHaveLength(1 + secrets.length);
  });

  it('must not have expired', async () => {
    const { id } = await keys.create(ADMIN, TEAM, 'r');
    const expires_at = new Date('2020-01-01T00:00:00Z');
    await test.db.updateTable('api_keys').set({ expires_at }).where('id', '=', id).execute();
    await expect(keys.rotate(ADMIN, id, 'r')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('the first admin key', () => {
  const CONFIGURED = generateApiKey();

  it('is made once, while there is no active one, by Sexton itself', async () => {
    const secret = await keys.ensureAdmin(null);
    expect(secret).toMatch(/^sxt_/);
    expect(await keys.ensureAdmin(null)).toBeNull();
    const row = await store.findBySecret(secret ?? '');
    expect(row).toMatchObject({ role: 'admin', created_by: 'sexton', scopes: [] });
    await keys.revoke(ADMIN, row?.id ?? '', 'r');
    expect(await keys.ensureAdmin(null)).toMatch(/^sxt_/);
  });

  it('is the configured one, stored once, and not shown', async () => {
    expect(await keys.ensureAdmin(CONFIGURED)).toBeNull();
    expect(await keys.ensureAdmin(CONFIGURED)).toBeNull();
    expect((await store.findBySecret(CONFIGURED))?.role).toBe('admin');
    expect((await keys.list({ limit: 10 })).items).toHaveLength(1);
    expect(await everythingStored()).not.toContain(CONFIGURED);
  });

  it.each([
    ['configured', CONFIGURED],
    ['made', null],
  ])('is one when many processes start at once: %s', async (_what, configured) => {
    const shown = await Promise.all(Array.from({ length: 8 }, () => keys.ensureAdmin(configured)));
    expect(shown.filter((secret) => secret !== null)).toHaveLength(configured === null ? 1 : 0);
    expect((await keys.list({ limit: 10 })).items).toHaveLength(1);
    expect(await auditEvents()).toHaveLength(1);
  });

  it.each(['revoke', 'rotate'] as const)('that is configured stays ended after a %s', async (end) => {
    await keys.ensureAdmin(CONFIGURED);
    await keys.create(ADMIN, { name: 'another admin', role: 'admin', scopes: [] }, 'r');
    await keys[end](ADMIN, (await store.findBySecret(CONFIGURED))?.id ?? '', 'r');
    expect(await keys.ensureAdmin(CONFIGURED)).toBeNull();
    expect(await isActive(CONFIGURED)).toBe(false);
  });

  it('is a new one when the configured one was revoked and there is no other', async () => {
    await keys.ensureAdmin(CONFIGURED);
    await keys.revoke(ADMIN, (await store.findBySecret(CONFIGURED))?.id ?? '', 'r');
    expect(await keys.ensureAdmin(CONFIGURED)).toMatch(/^sxt_/);
    expect(await isActive(CONFIGURED)).toBe(false);
  });
});
