import type { Digest } from '../../oci/digest.js';
import { bytesOf, isWide, KEY_WORDS, writeKey, writeKeys } from './digest-key.js';
import type { DigestTable } from './digest-table.js';
import { KINDS, ROLES, type ManifestKind, type ManifestReferences, type Role } from './references.js';

/**
 * What manifests refer to, as one array of words that threads hand over and the cache stores:
 *
 *   manifest    key (8) · kind (1) · count (1) · size (2)
 *   references  key (8)                                         count times
 *               role (1) · size (2)                             count times
 *
 * The keys stand together so that they are written in one call. Sizes are two words, the lower first. The text of digests that are not their own key goes in `wide`.
 */
export interface ManifestRecords {
  readonly words: Int32Array;
  readonly wide: readonly Digest[];
}

const HEAD_WORDS = KEY_WORDS + 4;
const ROLE_WORDS = 3;
const REFERENCE_WORDS = KEY_WORDS + ROLE_WORDS;

const HIGH = 2 ** 32;

const writeSize = (words: Int32Array, at: number, sizeBytes: number): void => {
  words[at] = (sizeBytes % HIGH) | 0;
  words[at + 1] = Math.floor(sizeBytes / HIGH);
};

const readSize = (words: Int32Array, at: number): number =>
  ((words[at] ?? 0) >>> 0) + (words[at + 1] ?? 0) * HIGH;

/** A manifest by numbers of a table; kind and roles by their numbers, too. */
export interface NumberedManifest {
  readonly index: number;
  readonly kind: number;
  readonly sizeBytes: number;
  readonly references: readonly {
    readonly target: number;
    readonly role: number;
    readonly sizeBytes: number;
  }[];
}

export class RecordPacker {
  #words = new Int32Array(4096);
  #bytes = bytesOf(this.#words);
  #length = 0;
  readonly #wide: Digest[] = [];

  push(digest: Digest, sizeBytes: number, { kind, references }: ManifestReferences): void {
    this.#reserve(HEAD_WORDS + references.length * REFERENCE_WORDS);
    const digests = references.map((reference) => reference.digest);
    writeKey(digest, this.#words, this.#length, this.#bytes);
    this.#length += KEY_WORDS;
    this.#head(KINDS.indexOf(kind), references.length, sizeBytes);
    writeKeys(digests, this.#words, this.#length, this.#bytes);
    this.#length += references.length * KEY_WORDS;
    for (const { role, sizeBytes: size } of references) this.#reference(ROLES.indexOf(role), size);
    if (isWide(digest)) this.#wide.push(digest);
    if (digests.some(isWide)) this.#wide.push(...digests.filter(isWide));
  }

  /** The same of a manifest that `table` knows by number: from key to key, without a text. */
  pushNumbered(table: DigestTable, { index, kind, sizeBytes, references }: NumberedManifest): void {
    this.#reserve(HEAD_WORDS + references.length * REFERENCE_WORDS);
    this.#numbered(table, index);
    this.#head(kind, references.length, sizeBytes);
    for (const { target } of references) this.#numbered(table, target);
    for (const { role, sizeBytes: size } of references) this.#reference(role, size);
  }

  packed(): ManifestRecords {
    return { words: this.#words.subarray(0, this.#length), wide: this.#wide };
  }

  #numbered(table: DigestTable, index: number): void {
    table.copyKey(index, this.#words, this.#length);
    this.#length += KEY_WORDS;
    const text = table.wideText(index);
    if (text !== null) this.#wide.push(text);
  }

  #head(kind: number, count: number, sizeBytes: number): void {
    this.#words[this.#length++] = kind;
    this.#words[this.#length++] = count;
    writeSize(this.#words, this.#length, sizeBytes);
    this.#length += 2;
  }

  #reference(role: number, sizeBytes: number): void {
    this.#words[this.#length] = role;
    writeSize(this.#words, this.#length + 1, sizeBytes);
    this.#length += ROLE_WORDS;
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
    let key = at + HEAD_WORDS;
    for (let role = key + count * KEY_WORDS; role < end; role += ROLE_WORDS) {
      visitor.reference(key, ROLES[words[role] ?? 0] ?? 'mention', readSize(words, role + 1));
      key += KEY_WORDS;
    }
    at = end;
  }
  return at;
};
