import type { Reference } from '../oci/names.js';

/** What a deletion asks for, of one repository. */
export interface PlanRequest {
  readonly references: readonly Reference[];
  readonly siblings: 'refuse' | 'untag' | 'include';
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
