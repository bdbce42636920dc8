import type { Selectable } from 'kysely';
import { parseDigest } from '../oci/digest.js';
import type { Hold } from '../guardrails/hold.js';
import type { HoldView } from './holds.dto.js';
import type { HoldsTable } from './holds.table.js';

export type HoldRow = Selectable<HoldsTable>;

/** As the planner needs it. */
export const holdOf = (row: HoldRow): Hold => ({
  id: row.id,
  registry: row.registry,
  repository: row.repository,
  tags: row.tags,
  digest: row.digest === null ? null : parseDigest(row.digest),
  reason: row.reason,
});

export const holdView = (row: HoldRow, now: Date): HoldView => ({
  id: row.id,
  source: 'api',
  registry: row.registry,
  repository: row.repository,
  tags: row.tags,
  digest: row.digest,
  reason: row.reason,
  owner: row.owner,
  legal: row.legal,
  state: stateOf(row, now),
  createdAt: row.created_at.toISOString(),
  createdBy: { id: row.created_by_id, name: row.created_by_name },
  expiresAt: row.expires_at?.toISOString() ?? null,
  liftRequested: row.lift_request,
  lifted: row.lifted,
});

export const configuredHoldView = (hold: Hold): HoldView => ({
  ...hold,
  source: 'config',
  owner: null,
  legal: false,
  state: 'in_force',
  createdAt: null,
  createdBy: null,
  expiresAt: null,
  liftRequested: null,
  lifted: null,
});

export const stateOf = ({ lifted_at, expires_at }: HoldRow, now: Date): HoldView['state'] => {
  if (lifted_at !== null) return 'lifted';
  return expires_at !== null && expires_at <= now ? 'expired' : 'in_force';
};
