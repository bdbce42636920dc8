import { createHash } from 'node:crypto';
import type { AuditEvent } from './audit-event.js';
import { canonicalEvent, canonicalJson } from './canonical-event.js';

/** The `previousHash` of sequence 1. */
export const GENESIS_HASH = `sha256:${'0'.repeat(64)}`;

/** What binds one event to all before it. Sequences run 1, 2, 3 … without a gap. */
export interface Seal {
  readonly sequence: number;
  readonly eventId: string;
  readonly previousHash: string;
  readonly hash: string;
}

/** A seal and the event it names; null where that event is gone. */
export interface ChainLink {
  readonly seal: Seal;
  readonly event: AuditEvent | null;
}

export interface ChainHead {
  readonly sequence: number;
  readonly hash: string;
}

export const EMPTY_CHAIN: ChainHead = { sequence: 0, hash: GENESIS_HASH };

export const FAULT_KINDS = [
  'altered',
  'missing',
  'swapped',
  'appended',
  'truncated',
  'checkpoint_forged',
  'checkpoint_missing',
] as const;

export interface ChainFault {
  /** Null for an event that never entered the chain. */
  readonly sequence: number | null;
  readonly eventId: string | null;
  readonly kind: (typeof FAULT_KINDS)[number];
  readonly message: string;
}

/** `sha256:` and the hex SHA-256 of the RFC 8785 text of `{ "event": …, "previousHash": …, "sequence": … }`. */
export const hashOf = (sequence: number, previousHash: string, event: AuditEvent): string => {
  const text = canonicalJson({ sequence, previousHash, event: canonicalEvent(event) });
  return `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
};

/** The seals of `events`, in their order, after `head`. */
export const sealAfter = (head: ChainHead, events: readonly AuditEvent[]): readonly Seal[] => {
  let { sequence, hash } = head;
  return events.map((event) => {
    const previousHash = hash;
    sequence += 1;
    hash = hashOf(sequence, previousHash, event);
    return { sequence, eventId: event.id, previousHash, hash };
  });
};

/** What is wrong with `link` as the one after `head`, or null. The order of the checks gives each fault its name. */
export const faultOf = (head: ChainHead, { seal, event }: ChainLink): ChainFault | null => {
  const expected = head.sequence + 1;
  const fault = (kind: ChainFault['kind'], message: string, at = seal.sequence): ChainFault => ({
    sequence: at,
    eventId: at === seal.sequence ? seal.eventId : null,
    kind,
    message,
  });
  if (seal.sequence !== expected) {
    return fault('missing', `Sequence ${expected} is gone; ${seal.sequence} follows.`, expected);
  }
  if (event === null) return fault('missing', `The event that sequence ${expected} sealed is gone.`);
  if (event.id !== seal.eventId) {
    return fault(
      'swapped',
      `Sequence ${expected} sealed another event than ${event.id}, which is in its place.`,
    );
  }
  if (covers(seal.hash, expected, head.hash, event)) {
    if (seal.previousHash === head.hash) return null;
    return fault(
      'altered',
      `The previous hash noted at sequence ${expected} was changed after it was sealed.`,
    );
  }
  if (seal.previousHash !== head.hash) {
    return fault(
      'swapped',
      `Sequence ${expected} does not follow the record before it: one of them was moved.`,
    );
  }
  return fault('altered', `The event or the seal of sequence ${expected} was changed after it was sealed.`);
};

/** False also for an event that has no canonical form, as one with `1e400` written into its details. */
export const covers = (hash: string, sequence: number, previousHash: string, event: AuditEvent): boolean => {
  try {
    return hashOf(sequence, previousHash, event) === hash;
  } catch {
    return false;
  }
};

/** What the chain must agree with, and which the chain cannot show by itself: an end that was cut off, a new chain. */
export interface Witness {
  /** Called for each link that holds, in order. */
  at(seal: Seal): Promise<ChainFault | null> | ChainFault | null;
  /** Called after the last one. */
  end(head: ChainHead): Promise<ChainFault | null> | ChainFault | null;
}

/** Follows the chain from `from` on; stops at the first fault. `head` is the last link that holds. */
export const verifyChain = async (
  links: Iterable<ChainLink> | AsyncIterable<ChainLink>,
  { from = EMPTY_CHAIN, witnesses = [] }: { from?: ChainHead; witnesses?: readonly Witness[] } = {},
): Promise<{ head: ChainHead; fault: ChainFault | null }> => {
  let head = from;
  for await (const link of links) {
    let fault = faultOf(head, link);
    for (const witness of witnesses) fault ??= await witness.at(link.seal);
    if (fault) return { head, fault };
    head = { sequence: link.seal.sequence, hash: link.seal.hash };
  }
  for (const witness of witnesses) {
    const fault = await witness.end(head);
    if (fault) return { head, fault };
  }
  return { head, fault: null };
};

/** A head that was seen earlier, outside of the chain; `seen` says where, as `noted earlier`. */
export const earlierHead = (earlier: ChainHead, seen: string): Witness => ({
  at: (seal) => (seal.sequence === earlier.sequence ? faultAgainst(earlier, seal, seen) : null),
  end: (head) => (earlier.sequence > head.sequence ? cutOff(head, earlier, seen) : null),
});

/** A hash at `seal`'s sequence that is another one than what was seen there. */
export const faultAgainst = (
  earlier: ChainHead,
  seal: Omit<Seal, 'previousHash'>,
  seen: string,
): ChainFault | null =>
  earlier.hash === seal.hash
    ? null
    : {
        sequence: seal.sequence,
        eventId: seal.eventId,
        kind: 'altered',
        message: `Sequence ${seal.sequence} has another hash than the one ${seen}: the chain was computed anew.`,
      };

export const cutOff = (head: ChainHead, earlier: Pick<ChainHead, 'sequence'>, seen: string): ChainFault => ({
  sequence: head.sequence + 1,
  eventId: null,
  kind: 'truncated',
  message: `The chain ends at sequence ${head.sequence}, but ${earlier.sequence} was ${seen}: its end was cut off.`,
});
