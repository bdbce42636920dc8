import type { Holders } from './holders.js';

/** Why something goes. `deleted`: somebody asked for it (storage-deletion/); `image_unreferenced`: of the old registry. */
export const REASONS = [
  'manifest_deleted',
  'layer_unreferenced',
  'unlinked',
  'untagged',
  'deleted',
  'image_unreferenced',
] as const;
export type Reason = (typeof REASONS)[number];

/** A blob that nothing needs; indexes are numbers of the marking. */
export interface DeadBlob {
  readonly index: number;
  readonly sizeBytes: number;
  /** Repositories with a layer link to it. */
  readonly linkedIn: readonly number[];
  /** Repositories that had it as a manifest: an empty folder is left. */
  readonly revisedIn: readonly number[];
  readonly because: Reason;
}

/** Where dead blobs are linked. */
export interface Links {
  readonly layers: Holders;
  readonly revisions: Holders;
}

/** Dead blobs in columns, 13 bytes each: as objects they take 200, and a tenth of a store may be dead. */
export class DeadBlobs implements Iterable<DeadBlob> {
  length = 0;
  readonly #indexes: Uint32Array;
  readonly #sizesBytes: Float64Array;
  readonly #reasons: Uint8Array;

  constructor(
    private readonly links: Links,
    most: number,
  ) {
    this.#indexes = new Uint32Array(most);
    this.#sizesBytes = new Float64Array(most);
    this.#reasons = new Uint8Array(most);
  }

  push(index: number, sizeBytes: number, because: Reason): void {
    this.#indexes[this.length] = index;
    this.#sizesBytes[this.length] = sizeBytes;
    this.#reasons[this.length] = REASONS.indexOf(because);
    this.length += 1;
  }

  *[Symbol.iterator](): Generator<DeadBlob> {
    for (let i = 0; i < this.length; i++) yield this.#blob(i);
  }

  /** Those from the nth to before the mth. */
  slice(from: number, to: number): DeadBlob[] {
    const count = Math.max(0, Math.min(to, this.length) - from);
    return Array.from({ length: count }, (_, i) => this.#blob(from + i));
  }

  /** The one of that number in the marking. */
  find(index: number): DeadBlob | null {
    const at = this.#indexes.subarray(0, this.length).indexOf(index);
    return at < 0 ? null : this.#blob(at);
  }

  /** Count and bytes of those that go for each reason; nothing of a reason for which none does. */
  totals(): ReadonlyMap<Reason, { readonly count: number; readonly bytes: number }> {
    const totals = new Map<Reason, { count: number; bytes: number }>();
    for (let i = 0; i < this.length; i++) {
      const because = REASONS[this.#reasons[i] ?? 0] ?? 'unlinked';
      const total = totals.get(because) ?? { count: 0, bytes: 0 };
      total.count += 1;
      total.bytes += this.#sizesBytes[i] ?? 0;
      totals.set(because, total);
    }
    return totals;
  }

  #blob(i: number): DeadBlob {
    const index = this.#indexes[i] ?? 0;
    return {
      index,
      sizeBytes: this.#sizesBytes[i] ?? 0,
      linkedIn: this.links.layers.of(index),
      revisedIn: this.links.revisions.of(index),
      because: REASONS[this.#reasons[i] ?? 0] ?? 'unlinked',
    };
  }
}
