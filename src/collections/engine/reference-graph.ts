import type { Digest } from '../../oci/digest.js';
import { Column, DigestTable } from './digest-table.js';
import { visitRecords, type ManifestRecords, type NumberedManifest } from './manifest-records.js';
import { A_TURN, type Turn } from './turns.js';
import { KINDS, ROLES, type ManifestKind, type Role } from './references.js';

const ROLE_BITS = 3;
const ROLE_MASK = (1 << ROLE_BITS) - 1;
const LAST_UINT32 = 2 ** 32;
const LARGE = LAST_UINT32 - 1;

/**
 * What this run found of a digest. `present`: its blob was listed; `live`: something needs it; `kept`: it might be
 * needed; `reached`: a living manifest leads to it; `doubted`: its bytes do not say for certain what it refers to.
 */
export const FLAG = { present: 1, live: 2, kept: 4, reached: 8, doubted: 16 } as const;

/** Sizes in bytes, in four bytes each; the few of 4 GiB and more stand apart. */
class Sizes {
  readonly #column = new Column((length) => new Uint32Array(length));
  readonly #large = new Map<number, number>();

  get(index: number): number {
    const size = this.#column.get(index);
    return size === LARGE ? (this.#large.get(index) ?? size) : size;
  }

  set(index: number, sizeBytes: number): void {
    if (sizeBytes >= LARGE) this.#large.set(index, sizeBytes);
    this.#column.set(index, Math.min(sizeBytes, LARGE));
  }
}

/**
 * Which manifest refers to what, over numbered digests. A manifest never changes, so what is known of one stays true
 * from run to run.
 */
export class ReferenceGraph {
  readonly table = new DigestTable();
  readonly #flags = new Column((length) => new Uint8Array(length));
  readonly #sizes = new Sizes();
  /** Where the edges of a manifest begin; 0 where it is not known. */
  readonly #edgesAt = new Column((length) => new Uint32Array(length));
  /** For each manifest its kind, the number of its references, then number and role of each. */
  readonly #edges = new Column((length) => new Uint32Array(length));
  #edgesEnd = 1;
  /** Manifests learned since the memory of earlier runs was loaded. */
  newManifests = 0;

  /** Itself for another run: what manifests refer to stays known, except where their bytes left it in doubt. */
  async renew(turn: Turn): Promise<this> {
    for (let index = 0; index < this.table.size; index++) {
      if (index % A_TURN === 0) await turn();
      if (this.has(index, FLAG.doubted)) this.#edgesAt.set(index, 0);
      this.#flags.set(index, 0);
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
    return this.#sizes.get(index);
  }

  digest(index: number): Digest {
    return this.table.digest(index);
  }

  knows(index: number): boolean {
    return this.#edgesAt.get(index) !== 0;
  }

  kind(index: number): ManifestKind | null {
    const at = this.#edgesAt.get(index);
    return at === 0 ? null : (KINDS[this.#edges.get(at)] ?? 'opaque');
  }

  /** Calls `visit` with everything that the manifest refers to; nothing where it is not known. */
  references(index: number, visit: (target: number, role: Role) => void): void {
    const at = this.#edgesAt.get(index);
    if (at === 0) return;
    const count = this.#edges.get(at + 1);
    for (let i = 0; i < count; i++) {
      const edge = this.#edges.get(at + 2 + i);
      visit(edge >>> ROLE_BITS, ROLES[edge & ROLE_MASK] ?? 'mention');
    }
  }

  /** What is known of a manifest, for its record. */
  numbered(index: number): NumberedManifest {
    const at = this.#edgesAt.get(index);
    const references = Array.from({ length: this.#edges.get(at + 1) }, (_, i) => {
      const edge = this.#edges.get(at + 2 + i);
      const target = edge >>> ROLE_BITS;
      return { target, role: edge & ROLE_MASK, sizeBytes: this.#sizes.get(target) };
    });
    return { index, kind: this.#edges.get(at), sizeBytes: this.#sizes.get(index), references };
  }

  /** Takes in the whole records among the first `length` words; says how many words those are. */
  learn({ words, wide }: ManifestRecords, length = words.length): number {
    for (const digest of wide) this.table.addDigest(digest);
    return visitRecords(words, length, {
      manifest: (keyAt, kind, count, sizeBytes) => {
        const index = this.table.add(words, keyAt);
        this.#sizes.set(index, sizeBytes);
        this.#edgesAt.set(index, this.#edgesEnd);
        this.newManifests += 1;
        this.#push(KINDS.indexOf(kind));
        this.#push(count);
      },
      reference: (keyAt, role, sizeBytes) => {
        const target = this.table.add(words, keyAt);
        if (sizeBytes > 0) this.#sizes.set(target, sizeBytes);
        this.#push(((target << ROLE_BITS) | ROLES.indexOf(role)) >>> 0);
      },
    });
  }

  #push(value: number): void {
    if (this.#edgesEnd >= LAST_UINT32) throw new RangeError('more references than can be numbered');
    this.#edges.set(this.#edgesEnd++, value);
  }
}
