export interface Totals {
  readonly count: number;
  readonly bytes: number;
}

/** What was found, in numbers. Where an engine does not say, it is null. */
export interface Summary {
  readonly repositories: number | null;
  readonly manifests: number | null;
  /** Each blob once, whoever linked it. */
  readonly garbage: { readonly count: number | null; readonly bytes: number | null };
  /** By the reason why they may go. */
  readonly reasons: Readonly<Record<string, Totals>>;
  /** Garbage within the grace period. */
  readonly young: Totals | null;
  /** What stays because something could not be read. */
  readonly keptInDoubt: Totals | null;
  /** Why nothing may go. */
  readonly blocked: string | null;
  readonly faults: number;
}

/** One line of a report. */
export type Finding =
  | {
      readonly kind: 'blob';
      readonly digest: string;
      readonly sizeBytes: number | null;
      readonly because: string;
      readonly repositories: readonly string[];
    }
  | { readonly kind: 'untagged'; readonly repository: string; readonly digest: string }
  | {
      readonly kind: 'repository';
      readonly repository: string;
      readonly liveBytes: number;
      readonly garbageBytes: number;
    }
  | {
      readonly kind: 'fault';
      readonly path: string;
      readonly problem: string;
      readonly repository: string | null;
      readonly undecided: 'nothing' | 'repository' | 'everything';
    }
  | { readonly kind: 'log'; readonly line: string };
