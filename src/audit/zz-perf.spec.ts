import { it } from 'vitest';
import { sql } from 'kysely';
import { createTestDatabase } from '/work/main/test/support/database.js';
import { AuditLog } from '/work/main/src/audit/audit-log.js';
import { AuditSealer } from '/work/main/src/audit/sealer.js';
import { AuditService } from '/work/main/src/audit/audit.service.js';
import { listAuditEventsSchema } from '/work/main/src/audit/audit.dto.js';
import { verifyAudit } from '/work/main/src/audit/verification.js';
import { createLogger } from '/work/main/src/telemetry/logger.js';
it('perf', async () => {
  const t = await createTestDatabase(); const log = new AuditLog();
  const s = new AuditSealer(t.db, log, createLogger('silent'));
  const time = async (n: string, f: () => Promise<unknown>) => { const a = performance.now(); const r = await f(); console.log(n, Math.round(performance.now() - a), 'ms', typeof r === 'object' ? JSON.stringify(r, (_k, v) => typeof v === 'bigint' ? Number(v) : v)?.slice(0,150) : r); };
  const e = { action: 'target.deleted', actor: { id: 'k', name: 'n', address: null }, outcome: 'succeeded', registry: 'prod', repository: 'team-a/app', reason: 'because', details: { a: [1] } } as const;
  await time('1000 records one by one', async () => { for (let i = 0; i < 1000; i++) await log.record(t.db, e); });
  await time('insert 200k', () => sql`insert into audit_events (id, action, actor_id, actor_name, outcome, registry, repository, reason, details) select 'E'||i, 'target.deleted', 'k'||(i%50), 'n', 'succeeded', 'prod', 'team-'||(i%100)||'/app', 'because of it', '{"a":["x"]}' from generate_series(1,200000) i`.execute(t.db));
  await time('seal', () => s.sealWaiting());
  await sql`analyze`.execute(t.db);
  const h0 = process.memoryUsage().heapUsed;
  await time('verify', () => verifyAudit(t.db));
  console.log('heap MB', Math.round((process.memoryUsage().heapUsed - h0) / 1e6));
  const svc = new AuditService(t.db); const c = { id: 'k7', name: '', role: 'auditor', scopes: [], address: null } as const;
  for (const q of [{}, { repository: 'team-3/app' }, { registry: 'prod', repository: 'team-3/app' }, { actor: 'k7' }, { q: 'nothing' }, { ticket: 'none' }])
    await time('list ' + JSON.stringify(q), async () => (await svc.list(c, listAuditEventsSchema.parse(q))).items.length);
  await time('requester', async () => (await svc.list({ ...c, role: 'requester', scopes: ['prod/team-3/**:read'] }, listAuditEventsSchema.parse({}))).items.length);
  await t.drop();
}, 300000);
