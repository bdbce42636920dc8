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

export const FAULT_KINDS = ['altered', 'missing', 'swapped', 'appended', 'truncated'] as const;

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
const faultOf = (head: ChainHead, { seal, event }: ChainLink): ChainFault | null => {
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
const covers = (hash: string, sequence: number, previousHash: string, event: AuditEvent): boolean => {
  try {
    return hashOf(sequence, previousHash, event) === hash;
  } catch {
    return false;
  }
};

/** Follows the chain from its start; stops at the first fault. `head` is the last link that holds. */
export const verifyChain = async (
  links: Iterable<ChainLink> | AsyncIterable<ChainLink>,
  anchor: ChainHead | null = null,
): Promise<{ head: ChainHead; fault: ChainFault | null }> => {
  let head = EMPTY_CHAIN;
  for await (const link of links) {
    const fault = faultOf(head, link) ?? faultAgainst(anchor, link.seal);
    if (fault) return { head, fault };
    head = { sequence: link.seal.sequence, hash: link.seal.hash };
  }
  return { head, fault: anchor !== null && anchor.sequence > head.sequence ? cutOff(head, anchor) : null };
};

/**
 * An anchor is a head that was noted earlier, outside the database. It finds what no chain can show by itself: an end
 * that was cut off, and a chain that somebody computed anew.
 */
const faultAgainst = (anchor: ChainHead | null, seal: Seal): ChainFault | null => {
  if (anchor === null || anchor.sequence !== seal.sequence || anchor.hash === seal.hash) return null;
  const message = `Sequence ${seal.sequence} had another hash when it was noted: the chain was computed anew.`;
  return { sequence: seal.sequence, eventId: seal.eventId, kind: 'altered', message };
};

const cutOff = (head: ChainHead, anchor: ChainHead): ChainFault => ({
  sequence: head.sequence + 1,
  eventId: null,
  kind: 'truncated',
  message: `The chain ends at sequence ${head.sequence}, but ${anchor.sequence} was noted earlier.`,
});
