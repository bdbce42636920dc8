import type { Db } from '../database/database.js';
import { verifyChain, type ChainFault, type ChainHead } from './chain.js';
import {
  countRows,
  faultOutsideChain,
  inOneSnapshot,
  readChain,
  type AuditCounts,
} from './verification.store.js';

export interface Verification extends AuditCounts {
  readonly status: 'whole' | 'broken';
  /** The last record up to which the chain holds; sequence 0 before the first. Note it elsewhere, as an anchor. */
  readonly head: ChainHead;
  /** The first fault. */
  readonly fault: ChainFault | null;
}

/**
 * Computes every hash anew, in constant memory. `anchor` is a head that was noted earlier outside the database: the chain
 * must still contain it. Without one, an end that was cut off together with its seals cannot be noticed.
 */
export const verifyAudit = (db: Db, anchor: ChainHead | null = null): Promise<Verification> =>
  inOneSnapshot(db, async (trx) => {
    const counts = await countRows(trx);
    const chain = await verifyChain(readChain(trx), anchor);
    const fault = chain.fault ?? (await faultOutsideChain(trx));
    return { status: fault ? 'broken' : 'whole', ...counts, head: chain.head, fault };
  });
