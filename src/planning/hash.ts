import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { PlanTarget, Refusal } from './plan.js';
import { distinctReferences, textOf, type PlanRequest } from './request.js';

/**
 * SHA-256 of the RFC 8785 form of what was asked and what would happen. Notes, messages and byte counts are
 * commentary: rewording them makes no plan stale.
 */
export const hashOf = (
  request: PlanRequest,
  targets: readonly PlanTarget[],
  refusals: readonly Refusal[],
): string => {
  const { siblings, referrers, children } = request;
  const text = canonicalize({
    request: { references: distinctReferences(request).map(textOf), siblings, referrers, children },
    targets: targets.map(({ kind, digest, because, cause, tags }) => ({
      kind,
      digest,
      because,
      cause,
      tags,
    })),
    refusals: refusals.map(({ reference, code, tags = [], parents = [] }) => ({
      reference,
      code,
      tags,
      parents,
    })),
  });
  return `sha256:${createHash('sha256')
    .update(text ?? '')
    .digest('hex')}`;
};
