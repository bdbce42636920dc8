import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Db } from '../database/database.js';
import type { AuditActor, JsonObject, JsonValue } from './audit-event.js';
import type { AuditLog } from './audit-log.js';
import { canonicalJson } from './canonical-event.js';

/** Most paths that one event names; the others are counted. */
const MOST_PATHS = 200;
/** Beside the sealer's lock and those of forwarding. */
const CONFIGURATION_LOCK = { space: 0x5e89, key: 1 } as const;

export const SEXTON_ITSELF: AuditActor = { id: 'sexton', name: 'Sexton', address: null };

const pathsSchema = z.record(z.string(), z.string());

/**
 * The hash of each value by its path, such as `registries.prod.url`. What is kept and recorded of a configuration is
 * hashes and paths, never a value.
 */
export const hashedPaths = (settings: JsonObject): ReadonlyMap<string, string> => {
  const paths = new Map<string, string>();
  const walk = (value: JsonValue, path: string): void => {
    const below = typeof value === 'object' && value !== null ? Object.entries(value) : [];
    for (const [key, child] of below) walk(child, path === '' ? key : `${path}.${key}`);
    if (below.length === 0) paths.set(path, sha256(canonicalJson({ value })));
  };
  walk(settings, '');
  return paths;
};

/** Paths whose value is another one, is new or is gone. */
export const changedPaths = (
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path) !== after.get(path))
    .sort();

/**
 * Records, at a start, that the configuration is another one than at the start before: a digest and the changed paths.
 * Processes that start at once do this in turn. Returns the digest.
 */
export const recordConfiguration = (
  db: Db,
  audit: AuditLog,
  settings: JsonObject,
  worker: string,
): Promise<string> =>
  db.transaction().execute(async (trx) => {
    const { space, key } = CONFIGURATION_LOCK;
    await sql`select pg_advisory_xact_lock(${space}::int, ${key}::int)`.execute(trx);
    const paths = hashedPaths(settings);
    const digest = sha256(canonicalJson(settings));
    const last = await trx.selectFrom('audit_configuration').selectAll().executeTakeFirst();
    if (last?.digest === digest) return digest;
    const before = new Map(Object.entries(last ? pathsSchema.parse(last.paths) : {}));
    const changed = changedPaths(before, paths);
    await audit.record(trx, {
      action: 'config.changed',
      outcome: 'succeeded',
      actor: SEXTON_ITSELF,
      details: {
        digest,
        previousDigest: last?.digest ?? null,
        changed: changed.slice(0, MOST_PATHS),
        ...(changed.length > MOST_PATHS && { more: changed.length - MOST_PATHS }),
        worker,
      },
    });
    const row = { digest, paths: JSON.stringify(Object.fromEntries(paths)) };
    await trx
      .insertInto('audit_configuration')
      .values({ id: 1, ...row })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
      .execute();
    return digest;
  });

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
