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
