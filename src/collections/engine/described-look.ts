import type { Digest } from '../../oci/digest.js';
import type { Look } from './surveyor.js';
import type { Finding, Summary } from './report.js';

/** Where a blob stands with the collector. */
export type Standing =
  'needed' | 'kept_in_doubt' | 'too_young' | 'garbage' | 'in_quarantine' | 'purged' | 'absent';

/** One step from a repository to the blob; `role` is what the step before refers to it as. */
export interface ReferenceStep {
  readonly digest: string;
  readonly role: string;
}

/** One repository that needs the blob, and how it comes to. */
export interface ReferencePath {
  readonly repository: string;
  /** Null where only the repository's link to the untagged manifest holds it. */
  readonly tag: string | null;
  readonly steps: readonly ReferenceStep[];
}

export interface Explanation {
  readonly standing: Standing;
  readonly sizeBytes: number | null;
  readonly because: string | null;
  readonly paths: readonly ReferencePath[];
}

export const MOST_PATHS = 20;

/** A look that people can read. */
export interface DescribedLook extends Look {
  summary(): Summary;
  /** Every candidate with its reason, what could not be read, and who holds most. */
  findings(): Iterable<Finding>;
  /** Why it is still there; null where it is not. */
  explain(digest: Digest, maySee: (repository: string) => boolean): Promise<Explanation | null>;
}
