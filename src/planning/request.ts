import type { Reference } from '../oci/names.js';

/**
 * What happens to tags that nobody asked for. `single`: one that is a digest's only tag goes with the digest, as it
 * would at a registry; more are refused.
 */
export const SIBLING_RULES = ['refuse', 'untag', 'include', 'single'] as const;

export type SiblingRule = (typeof SIBLING_RULES)[number];

/** What a deletion asks for, of one repository. */
export interface PlanRequest {
  readonly references: readonly Reference[];
  readonly siblings: SiblingRule;
  readonly referrers: 'keep' | 'include';
  readonly children: 'keep' | 'include';
}

export const textOf = (reference: Reference): string =>
  reference.kind === 'tag' ? reference.tag : reference.digest;

/** The references in one order, each once: who writes one twice means it once. */
export const distinctReferences = (request: PlanRequest): readonly Reference[] => {
  const byText = new Map(request.references.map((reference) => [textOf(reference), reference]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, reference]) => reference);
};
