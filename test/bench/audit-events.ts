import { sql } from 'kysely';
import type { Db } from '../../src/database/database.js';

const STEP = 50_000;

/**
 * `count` events of a year, such as an installation with 3 registries, 2000 repositories and 200 callers records: each
 * with a reason of some words, most accepted and done, some refused, a few failed log-ins.
 */
export const generateEvents = async (db: Db, count: number): Promise<void> => {
  for (let from = 1; from <= count; from += STEP) {
    const to = Math.min(count, from + STEP - 1);
    await sql`
      with n as (
        select i, hashint4(i) as a, abs(hashint4(i * 7 + 1)) as b, abs(hashint4(i * 13 + 2)) as c
        from generate_series(${from}::int, ${to}::int) as i
      )
      insert into audit_events (id, at, action, actor_id, actor_name, actor_address, outcome, code, registry, repository,
        reference, digest, bytes, reason, ticket, request_id, deletion_id, details)
      select 'EV' || lpad(i::text, 24, '0'),
             timestamptz '2025-11-01' + i * interval '31 seconds',
             (array['deletion.requested', 'deletion.planned', 'deletion.queued', 'deletion.started', 'target.deleted',
                    'target.deleted', 'target.untagged', 'deletion.finished', 'deletion.refused', 'login.failed'])[1 + i % 10],
             'key_' || b % 200, 'team ' || b % 200, '10.' || b % 4 || '.' || b % 250 || '.7',
             case when i % 10 = 8 then 'refused' when i % 10 = 9 then 'refused' when c % 97 = 0 then 'failed' else 'succeeded' end,
             case when i % 10 = 8 then 'shared_digest' when i % 10 = 9 then 'unauthenticated' end,
             case when i % 10 < 9 then (array['prod', 'staging', 'dev'])[1 + b % 3] end,
             case when i % 10 < 9 then 'team-' || b % 200 || '/app-' || c % 10 end,
             case when i % 10 between 4 and 6 then (array['latest', 'stable', 'v' || c % 500 || '.' || i % 7, 'build-' || i])[1 + c % 4] end,
             case when i % 10 between 4 and 6 then 'sha256:' || md5(i::text) || md5((i * 3)::text) end,
             case when i % 10 between 4 and 6 then b end,
             case when i % 10 < 9 then
               (array['end of life', 'leaked credential', 'cleanup of old builds', 'superseded by a newer release',
                      'requested by security'])[1 + c % 5] || ' CVE-2026-' || c % 20000 || ' of project ' || b % 3000 end,
             case when i % 10 < 9 then 'OPS-' || i / 12 end,
             case when i % 10 < 9 then 'RQ' || lpad((i / 9)::text, 24, '0') end,
             case when i % 10 < 9 then 'DL' || lpad((i / 9)::text, 24, '0') end,
             case when i % 10 between 4 and 6
               then jsonb_build_object('worker', 'sexton/1', 'tags', jsonb_build_array('v' || c % 500 || '.' || i % 7, 'nightly-' || i))
               else jsonb_build_object('worker', 'sexton/1') end
      from n`.execute(db);
  }
};
