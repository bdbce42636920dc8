/**
 * Something in the storage that is not as it should be, and what it leaves undecided:
 * - `nothing`: reported only, such as a layer that is missing.
 * - `repository`: what this repository needs is not known for certain, so all that it could need stays.
 * - `everything`: it could have needed any blob, so the run takes nothing away.
 */
export interface CollectionFault {
  readonly path: string;
  readonly problem: string;
  readonly repository: string | null;
  readonly undecided: 'nothing' | 'repository' | 'everything';
}

/** What a call found out, and what it could not. */
export interface Found<T> {
  readonly found: T;
  readonly faults: readonly CollectionFault[];
}
