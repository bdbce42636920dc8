import type { Digest } from '../../oci/digest.js';
import { Column, DigestTable } from './digest-table.js';
import { visitRecords, type ManifestRecords, type NumberedManifest } from './manifest-records.js';
import { A_TURN, type Turn } from './turns.js';
import { KINDS, ROLES, type ManifestKind, type Role } from './references.js';

const ROLE_BITS = 3;
const ROLE_MASK = (1 << ROLE_BITS) - 1;
const LAST_UINT32 = 2 ** 32;
const LARGE = LAST_UINT32 - 1;

/** Where the edges of a manifest have its size, their count, and the first of them. */
const SIZE = 1;
const COUNT = 2;
const HEAD = 3;

/**
 * What this run found of a digest. `present`: its blob was listed; `live`: something needs it; `kept`: it might be
 * needed; `reached`: a living manifest leads to it; `doubted`: its bytes do not say for certain what it refers to.
 */
export const FLAG = { present: 1, live: 2, kept: 4, reached: 8, doubted: 16 } as const;

/** Beside those of a run: it is known what the digest refers to. */
const KNOWN = 32;

/**
 * Which manifest refers to what, over numbered digests. A manifest never changes, so what is known of one stays true
 * from run to run.
 */
export class ReferenceGraph {
  readonly table = new DigestTable();
  readonly #flags = new Column((length) => new Uint8Array(length));
  /** Where the edges of a known manifest begin; of anything else the size. */
  readonly #values = new Column((length) => new Uint32Array(length));
  /** Sizes of 4 GiB and more. */
  readonly #large = new Map<number, number>();
  /** For each manifest its kind, its size, the number of its references, then number and role of each. */
  readonly #edges = new Column((length) => new Uint32Array(length));
  #edgesEnd = 0;
  /** Manifests learned since the memory of earlier runs was loaded. */
  newManifests = 0;

  /** Itself for another run: what manifests refer to stays known, except where their bytes left it in doubt. */
  async renew(turn: Turn): Promise<this> {
    for (let index = 0; index < this.table.size; index++) {
      if (index % A_TURN === 0) await turn();
      if (this.has(index, FLAG.doubted)) this.#forget(index);
      this.#flags.set(index, this.#flags.get(index) & KNOWN);
    }
    return this;
  }

  has(index: number, flag: number): boolean {
    return (this.#flags.get(index) & flag) !== 0;
  }

  flag(index: number, flag: number): void {
    this.#flags.set(index, this.#flags.get(index) | flag);
  }

  sizeBytes(index: number): number {
    const value = this.#values.get(index);
    const size = this.knows(index) ? this.#edges.get(value + SIZE) : value;
    return size === LARGE ? (this.#large.get(index) ?? size) : size;
  }

  digest(index: number): Digest {
    return this.table.digest(index);
  }

  knows(index: number): boolean {
    return this.has(index, KNOWN);
  }

  kind(index: number): ManifestKind | null {
    return this.knows(index) ? (KINDS[this.#edges.get(this.#values.get(index))] ?? 'opaque') : null;
  }

  /** Calls `visit` with everything that the manifest refers to; nothing where it is not known. */
  references(index: number, visit: (target: number, role: Role) => void): void {
    if (!this.knows(index)) return;
    const at = this.#values.get(index);
    const count = this.#edges.get(at + COUNT);
    for (let i = 0; i < count; i++) {
      const edge = this.#edges.get(at + HEAD + i);
      visit(edge >>> ROLE_BITS, ROLES[edge & ROLE_MASK] ?? 'mention');
    }
  }

  /** What is known of a manifest, for its record. */
  numbered(index: number): NumberedManifest {
    const at = this.#values.get(index);
    const references = Array.from({ length: this.#edges.get(at + COUNT) }, (_, i) => {
      const edge = this.#edges.get(at + HEAD + i);
      const target = edge >>> ROLE_BITS;
      return { target, role: edge & ROLE_MASK, sizeBytes: this.sizeBytes(target) };
    });
    return { index, kind: this.#edges.get(at), sizeBytes: this.sizeBytes(index), references };
  }

  /** Takes in the whole records among the first `length` words; says how many words those are. */
  learn({ words, wide }: ManifestRecords, length = words.length): number {
    for (const digest of wide) this.table.addDigest(digest);
    return visitRecords(words, length, {
      manifest: (keyAt, kind, count, sizeBytes) => {
        const index = this.table.add(words, keyAt);
        const at = this.#edgesEnd;
        this.newManifests += 1;
        this.#push(KINDS.indexOf(kind));
        this.#push(this.#sizeValue(index, sizeBytes));
        this.#push(count);
        this.#values.set(index, at);
        this.flag(index, KNOWN);
      },
      reference: (keyAt, role, sizeBytes) => {
        const target = this.table.add(words, keyAt);
        // The size of a known manifest was counted; what others say of it was not.
        if (sizeBytes > 0 && !this.knows(target))
          this.#values.set(target, this.#sizeValue(target, sizeBytes));
        this.#push(((target << ROLE_BITS) | ROLES.indexOf(role)) >>> 0);
      },
    });
  }

  #forget(index: number): void {
    if (!this.knows(index)) return;
    this.#values.set(index, this.#edges.get(this.#values.get(index) + SIZE));
    this.#flags.set(index, this.#flags.get(index) & ~KNOWN);
  }

  /** The size in the four bytes that there are for it. */
  #sizeValue(index: number, sizeBytes: number): number {
    if (sizeBytes >= LARGE) this.#large.set(index, sizeBytes);
    return Math.min(sizeBytes, LARGE);
  }

  #push(value: number): void {
    if (this.#edgesEnd >= LAST_UINT32) throw new RangeError('more references than can be numbered');
    this.#edges.set(this.#edgesEnd++, value);
  }
}
