import type { Digest } from '../../oci/digest.js';
import { bytesOf, isWide, KEY_WORDS, writeKey } from './digest-key.js';
import type { DigestTable } from './digest-table.js';
import { KINDS, ROLES, type ManifestKind, type ManifestReferences, type Role } from './references.js';

/**
 * What manifests refer to, as one array of words that threads hand over and the cache stores:
 *
 *   manifest  key (8) · kind (1) · count (1) · size (2)
 *   reference key (8) · role (1) · size (2)                     count times
 *
 * Sizes are two words, the lower first. The text of digests that are not their own key goes in `wide`.
 */
export interface ManifestRecords {
  readonly words: Int32Array;
  readonly wide: readonly Digest[];
}

export const HEAD_WORDS = KEY_WORDS + 4;
export const REFERENCE_WORDS = KEY_WORDS + 3;

const HIGH = 2 ** 32;

const writeSize = (words: Int32Array, at: number, sizeBytes: number): void => {
  words[at] = (sizeBytes % HIGH) | 0;
  words[at + 1] = Math.floor(sizeBytes / HIGH);
};

const readSize = (words: Int32Array, at: number): number =>
  ((words[at] ?? 0) >>> 0) + (words[at + 1] ?? 0) * HIGH;

export class RecordPacker {
  #words = new Int32Array(4096);
  #bytes = bytesOf(this.#words);
  #length = 0;
  readonly #wide: Digest[] = [];

  push(digest: Digest, sizeBytes: number, { kind, references }: ManifestReferences): void {
    this.#reserve(HEAD_WORDS + references.length * REFERENCE_WORDS);
    this.#key(digest);
    this.#words[this.#length++] = KINDS.indexOf(kind);
    this.#words[this.#length++] = references.length;
    this.#size(sizeBytes);
    for (const reference of references) {
      this.#key(reference.digest);
      this.#words[this.#length++] = ROLES.indexOf(reference.role);
      this.#size(reference.sizeBytes);
    }
  }

  /** Begins a manifest that `table` knows by number; its `count` references follow, each by `reference`. */
  manifest(table: DigestTable, index: number, kind: number, count: number, sizeBytes: number): void {
    this.#reserve(HEAD_WORDS + count * REFERENCE_WORDS);
    this.#numbered(table, index);
    this.#words[this.#length++] = kind;
    this.#words[this.#length++] = count;
    this.#size(sizeBytes);
  }

  reference(table: DigestTable, target: number, role: number, sizeBytes: number): void {
    this.#numbered(table, target);
    this.#words[this.#length++] = role;
    this.#size(sizeBytes);
  }

  packed(): ManifestRecords {
    return { words: this.#words.slice(0, this.#length), wide: this.#wide };
  }

  #key(digest: Digest): void {
    writeKey(digest, this.#words, this.#length, this.#bytes);
    this.#length += KEY_WORDS;
    if (isWide(digest)) this.#wide.push(digest);
  }

  #numbered(table: DigestTable, index: number): void {
    table.copyKey(index, this.#words, this.#length);
    this.#length += KEY_WORDS;
    const text = table.wideText(index);
    if (text !== null) this.#wide.push(text);
  }

  #size(sizeBytes: number): void {
    writeSize(this.#words, this.#length, sizeBytes);
    this.#length += 2;
  }

  #reserve(words: number): void {
    if (this.#length + words <= this.#words.length) return;
    const grown = new Int32Array(Math.max(this.#words.length * 2, this.#length + words));
    grown.set(this.#words);
    this.#words = grown;
    this.#bytes = bytesOf(grown);
  }
}

export interface RecordVisitor {
  manifest(keyAt: number, kind: ManifestKind, count: number, sizeBytes: number): void;
  reference(keyAt: number, role: Role, sizeBytes: number): void;
}

/** Walks the records of `words` that are whole; says where the first one begins that is not. */
export const visitRecords = (words: Int32Array, length: number, visitor: RecordVisitor): number => {
  let at = 0;
  while (at + HEAD_WORDS <= length) {
    const count = words[at + KEY_WORDS + 1] ?? 0;
    const end = at + HEAD_WORDS + count * REFERENCE_WORDS;
    if (end > length) break;
    visitor.manifest(at, KINDS[words[at + KEY_WORDS] ?? 0] ?? 'opaque', count, readSize(words, at + 10));
    for (let r = at + HEAD_WORDS; r < end; r += REFERENCE_WORDS) {
      visitor.reference(r, ROLES[words[r + KEY_WORDS] ?? 0] ?? 'mention', readSize(words, r + 9));
    }
    at = end;
  }
  return at;
};
