import type { Frozen } from './inject.js';
import type { Mutation } from './registry-link.js';

/** When a target's outcome was recorded, in milliseconds since 1970. */
export interface RecordedEnd {
  readonly repository: string;
  readonly digest: string;
  readonly at: number;
}

export interface WriterFacts {
  /** What must never be: see below. */
  readonly violations: readonly string[];
  readonly mutations: number;
  /** Changes of the registry that another process went on with. */
  readonly takenOver: number;
  /** Requests that a killed or frozen process had left in the network when its successor sent one. */
  readonly leftBehind: number;
}

/** Clocks are the same machine's; a process reads its own a moment before it writes. */
const SLACK_MS = 20;

/**
 * One repository, one writer, from what went through the link. It is violated
 * - when two processes have a request at work in one repository at once, unless the earlier one is of a process that was
 *   killed or frozen: what it had sent by then is in the network, and nobody can call it back;
 * - when anything is sent for a target after its outcome was recorded: whoever does that had lost the repository;
 * - when a request takes what nobody asked for.
 */
export const judgeWriters = (
  mutations: readonly Mutation[],
  {
    frozen,
    ends,
    mayGo,
  }: {
    readonly frozen: readonly Frozen[];
    readonly ends: readonly RecordedEnd[];
    /** `repository digest` of every manifest that a plan may name. */
    readonly mayGo: ReadonlySet<string>;
  },
): WriterFacts => {
  const violations: string[] = [];
  let takenOver = 0;
  let leftBehind = 0;
  const real = mutations.filter((mutation) => !isProbe(mutation, mutations, mayGo));
  for (const [repository, requests] of groupBy(real, ({ repository }) => repository)) {
    const sorted = [...requests].sort((a, b) => a.arrivedAt - b.arrivedAt);
    for (const [index, later] of sorted.entries()) {
      const before = sorted[index - 1];
      if (before && before.writer !== later.writer) takenOver += 1;
      for (const earlier of sorted.slice(Math.max(0, index - 20), index)) {
        if (earlier.writer === later.writer || earlier.endedAt <= later.arrivedAt) continue;
        if (earlier.abandoned || wasFrozen(frozen, earlier.writer, later.arrivedAt)) leftBehind += 1;
        else violations.push(`two writers in ${repository}: ${inWords(earlier)} | ${inWords(later)}`);
      }
    }
  }
  const endOf = new Map(ends.map(({ repository, digest, at }) => [`${repository} ${digest}`, at]));
  for (const mutation of real) {
    const end = endOf.get(`${mutation.repository} ${mutation.reference}`);
    if (mutation.method === 'DELETE' && end !== undefined && mutation.arrivedAt > end + SLACK_MS) {
      violations.push(
        `sent ${Math.round(mutation.arrivedAt - end)} ms after the target's end: ${inWords(mutation)}`,
      );
    }
    if (mutation.method !== 'DELETE' || mutation.status !== 202) continue;
    if (!mayGo.has(`${mutation.repository} ${mutation.reference}`) && !isThrowaway(mutation, mutations)) {
      violations.push(`nobody asked for it: ${inWords(mutation)}`);
    }
  }
  return { violations, mutations: real.length, takenOver, leftBehind };
};

/** An untag's throw-away: this repository had an upload or a manifest from Sexton. */
const isThrowaway = ({ repository }: Mutation, all: readonly Mutation[]): boolean =>
  all.some((other) => other.method === 'PUT' && other.repository === repository);

/** Deleting what cannot exist, as Sexton asks what a registry can do; planning does that too, without a claim. */
const isProbe = (
  { method, repository, reference, status }: Mutation,
  all: readonly Mutation[],
  mayGo: ReadonlySet<string>,
): boolean =>
  method === 'DELETE' &&
  status !== 202 &&
  !mayGo.has(`${repository} ${reference}`) &&
  all.filter((other) => other.reference === reference && other.repository === repository).length <= 3 &&
  (reference.startsWith('sexton-probe-') || reference.startsWith('sha256:'));

const wasFrozen = (frozen: readonly Frozen[], writer: string, at: number): boolean =>
  frozen.some((one) => one.writer === writer && one.from <= at && at <= one.to + SLACK_MS);

const groupBy = <T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
};

const inWords = ({ writer, method, reference, arrivedAt, endedAt, status, abandoned }: Mutation): string =>
  `${writer} ${method} ${reference.slice(0, 20)} at ${Math.round(arrivedAt)} for ${Math.round(endedAt - arrivedAt)} ms, ` +
  `${status ?? 'no answer'}${abandoned ? ', abandoned' : ''}`;
