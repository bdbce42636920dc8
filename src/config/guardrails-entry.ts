import type { ApprovalRule } from '../approvals/approval-rules.js';
import type { Limits } from '../limits/limits.js';
import type { RegistryName } from '../oci/names.js';
import type { ConfigFile } from './config-file.schema.js';
import type { ConfigFault } from './config.js';
import { ms } from './registry-entry.js';

/** The rules of sexton.yaml. One of a registry that is not there would guard nothing, so it is a fault. */
export const approvalRulesOf = (
  { rules }: ConfigFile['approvals'],
  registries: { has(name: RegistryName): boolean },
  faults: ConfigFault[],
): readonly ApprovalRule[] =>
  rules.map((rule, index) => {
    if (rule.registry !== undefined && !registries.has(rule.registry)) {
      faults.push({
        path: `approvals.rules.${index}.registry`,
        message: `names ${rule.registry}, which is not under registries`,
      });
    }
    return {
      name: rule.name ?? `rule ${index + 1}`,
      registry: rule.registry ?? null,
      repository: rule.repository ?? null,
      tags: rule.tags ?? null,
      targetsOver: rule.targetsOver ?? null,
      shareOver: rule.shareOver ?? null,
      bytesOver: rule.bytesOver ?? null,
      referrers: rule.referrers ?? false,
      approvers: rule.approvers,
      expiresAfterMs: ms(rule.expiry),
    };
  });

export const limitsOf = (limits: ConfigFile['limits']): Limits => ({
  targetsPerRequest: limits.targetsPerRequest ?? null,
  sharePerRequest: limits.sharePerRequest ?? null,
  targetsPerDay: limits.targetsPerDay ?? null,
});
