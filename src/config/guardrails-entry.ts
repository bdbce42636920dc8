import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Guardrails } from '../guardrails/guardrails.js';
import { NO_LIMITS } from '../guardrails/limits.js';
import type { RegistryName } from '../oci/names.js';
import type { ConfigFault } from './config.js';
import type { ApprovalEntries, HoldEntries, LimitEntries } from './guardrails.schema.js';
import { ms } from './registry-entry.js';

interface Entries {
  readonly holds: HoldEntries;
  readonly approvals: ApprovalEntries;
  readonly limits: LimitEntries;
}

/** Holds, rules and limits of sexton.yaml; each registry that they name must be there. */
export const guardrailsOf = (
  { holds, approvals, limits }: Entries,
  has: (registry: RegistryName) => boolean,
  faults: ConfigFault[],
): Guardrails => {
  const mustBeThere = (path: string, registry: RegistryName | undefined): void => {
    if (registry === undefined || has(registry)) return;
    faults.push({ path, message: `names ${registry}, which is not under registries` });
  };
  holds.forEach(({ registry }, index) => mustBeThere(`holds.${index}.registry`, registry));
  approvals.rules.forEach(({ registry }, index) =>
    mustBeThere(`approvals.rules.${index}.registry`, registry),
  );
  return {
    holds: holds.map((entry) => ({
      ...entry,
      id: idOf(entry),
      tags: entry.tags ?? null,
      digest: entry.digest ?? null,
    })),
    approvals: approvals.rules.map((rule, index) => ({
      name: rule.name ?? `approvals.rules.${index}`,
      registry: rule.registry ?? null,
      repository: rule.repository ?? null,
      tags: rule.tags ?? null,
      targetsOver: rule.targetsOver ?? null,
      shareOver: rule.shareOver ?? null,
      bytesOver: rule.bytesOver ?? null,
      referrers: rule.referrers ?? false,
      approvers: rule.approvers,
      expiresAfterMs: ms(rule.expiry),
    })),
    limits: {
      targetsPerRequest: limits.targetsPerRequest ?? null,
      share: limits.share ?? null,
      targetsPerDay: limits.targetsPerDay ?? null,
      approvalExpiresAfterMs: NO_LIMITS.approvalExpiresAfterMs,
    },
  };
};

/** The same for the same hold, wherever it stands in the file. */
const idOf = (entry: HoldEntries[number]): string =>
  `config_${createHash('sha256')
    .update(canonicalize(entry) ?? '')
    .digest('hex')
    .slice(0, 16)}`;
