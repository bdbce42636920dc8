import type { ChainHead } from './chain.js';

/** Enough for a checkpoint that comes some batches after what it signs, and for what is sent twice. */
const KEPT = 20_000;

/** The hashes of the last sequences. */
export class RecentHashes {
  private readonly kept = new Map<number, string>();

  add({ sequence, hash }: ChainHead): void {
    this.kept.set(sequence, hash);
    if (this.kept.size <= KEPT) return;
    for (const oldest of this.kept.keys()) {
      this.kept.delete(oldest);
      return;
    }
  }

  /** Null for what was never there, or is too long ago. */
  at(sequence: number): string | null {
    return this.kept.get(sequence) ?? null;
  }
}
