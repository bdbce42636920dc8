import type { Db, Tx } from '../database/database.js';
import { cutOff, earlierHead, verifyChain, type ChainFault, type ChainHead } from './chain.js';
import { SignedHeads, type Checkpoint } from './checkpoint.js';
import { readCheckpoints } from './checkpoint.store.js';
import type { VerifyingKey } from './signing-key.js';
import {
  countRows,
  faultOutsideChain,
  furthestForwarded,
  inOneSnapshot,
  readChain,
  type AuditCounts,
} from './verification.store.js';

export interface Verification extends AuditCounts {
  readonly status: 'whole' | 'broken';
  /** The last record up to which the chain holds; sequence 0 before the first. Note it elsewhere, as an anchor. */
  readonly head: ChainHead;
  /** The last checkpoint that the chain agrees with. */
  readonly checkpoint: Checkpoint | null;
  /** The first fault. */
  readonly fault: ChainFault | null;
}

export interface VerificationOptions {
  /** Heads that were seen outside the database, each with the words for where: the chain must still contain them. */
  readonly earlier?: readonly (readonly [head: ChainHead, seen: string])[];
  /** Whose checkpoints hold. */
  readonly keys?: readonly VerifyingKey[];
}

/**
 * Computes every hash anew and checks every signature, in constant memory. An end that was cut off together with its
 * seals shows by a checkpoint of it, by what was forwarded, or by an earlier head.
 */
export const verifyAudit = (
  db: Db,
  { earlier = [], keys = [] }: VerificationOptions = {},
): Promise<Verification> =>
  inOneSnapshot(db, async (trx) => {
    const counts = await countRows(trx);
    const signed = new SignedHeads(readCheckpoints(trx), keys);
    const noted = earlier.map(([head, seen]) => earlierHead(head, seen));
    const chain = await verifyChain(readChain(trx), { witnesses: [...noted, signed] });
    const fault = chain.fault ?? (await faultOutsideChain(trx)) ?? (await faultOfForwarding(trx, chain.head));
    return {
      status: fault ? 'broken' : 'whole',
      ...counts,
      head: chain.head,
      checkpoint: signed.last,
      fault,
    };
  });

/** What a destination already has must still be here. */
const faultOfForwarding = async (trx: Tx, head: ChainHead): Promise<ChainFault | null> => {
  const furthest = await furthestForwarded(trx);
  if (furthest === null || furthest.sequence <= head.sequence) return null;
  return cutOff(head, furthest, `forwarded to ${furthest.destination}`);
};
