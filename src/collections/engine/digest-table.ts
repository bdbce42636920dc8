import type { Digest } from '../../oci/digest.js';
import type { NumberLists } from './number-lists.js';
import { isWide, keyOf, KEY_WORDS, writeKey, type PackedDigests } from './digest-key.js';

const PAGE_BITS = 13;
const PAGE_DIGESTS = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_DIGESTS - 1;
const SLOT_BITS = 17;
const PAGE_SLOTS = 1 << SLOT_BITS;
const SLOT_MASK = PAGE_SLOTS - 1;
const NONE = -1;

/** Numbers beside the digests of a table, in pages of their own, so that growing never copies. */
export class Column<T extends Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array> {
  readonly #pages: T[] = [];

  constructor(private readonly newPage: (length: number) => T) {}

  get(index: number): number {
    return this.#pages[index >>> PAGE_BITS]?.[index & PAGE_MASK] ?? 0;
  }

  set(index: number, value: number): void {
    const number = index >>> PAGE_BITS;
    while (this.#pages.length <= number) this.#pages.push(this.newPage(PAGE_DIGESTS));
    const page = this.#pages[number];
    if (page) page[index & PAGE_MASK] = value;
  }
}

/**
 * A set of digests, numbered from 0 in the order they came: 32 bytes each, and 5.3 to 10.7 bytes of an open-addressing
 * index over them. A JavaScript Set of the same digests as strings takes about 180 bytes each (measured, Node 20).
 */
export class DigestTable {
  /** In pages that are never given back: memory allocators keep what is, and grow for the next one. */
  readonly #slots = [new Int32Array(PAGE_SLOTS).fill(NONE)];
  readonly #pages: Int32Array[] = [];
  readonly #wide = new Map<number, Digest>();
  readonly #key = new Int32Array(KEY_WORDS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The number of the key at `at` in `words`; adds it where it is new. */
  add(words: Int32Array, at: number): number {
    const slot = this.#slotOf(words, at);
    const known = this.#slotAt(slot);
    if (known !== NONE) return known;
    const index = this.#size++;
    if ((index & PAGE_MASK) === 0) this.#pages.push(new Int32Array(PAGE_DIGESTS * KEY_WORDS));
    const page = this.#pages[this.#pages.length - 1];
    const base = (index & PAGE_MASK) * KEY_WORDS;
    if (page) for (let i = 0; i < KEY_WORDS; i++) page[base + i] = words[at + i] ?? 0;
    this.#setSlot(slot, index);
    if (this.#size * 4 > this.#slots.length * PAGE_SLOTS * 3) this.#grow();
    return index;
  }

  addDigest(digest: Digest): number {
    writeKey(digest, this.#key, 0);
    const index = this.add(this.#key, 0);
    if (isWide(digest)) this.#wide.set(index, digest);
    return index;
  }

  /** Adds all of `packed`, and says the number of each, as a further list of `lists` where that is given. */
  addPacked({ words, wide }: PackedDigests, lists?: NumberLists): Uint32Array {
    for (const digest of wide) this.addDigest(digest);
    const length = words.length / KEY_WORDS;
    const indexes = lists?.add(length) ?? new Uint32Array(length);
    for (let i = 0; i < indexes.length; i++) indexes[i] = this.add(words, i * KEY_WORDS);
    return indexes;
  }

  find(words: Int32Array, at: number): number {
    return this.#slotAt(this.#slotOf(words, at));
  }

  findDigest(digest: Digest): number {
    writeKey(digest, this.#key, 0);
    return this.find(this.#key, 0);
  }

  digest(index: number): Digest {
    const page = this.#pages[index >>> PAGE_BITS];
    if (index >= this.#size || !page) throw new RangeError(`the table holds no digest ${index}`);
    return this.#wide.get(index) ?? keyOf(page, (index & PAGE_MASK) * KEY_WORDS);
  }

  /** The text of a digest that is too long to be its own key; null for any other. */
  wideText(index: number): Digest | null {
    return this.#wide.size === 0 ? null : (this.#wide.get(index) ?? null);
  }

  /** The digests of `indexes`, for another thread. */
  pack(indexes: ArrayLike<number>): PackedDigests {
    const words = new Int32Array(indexes.length * KEY_WORDS);
    const wide: Digest[] = [];
    for (let i = 0; i < indexes.length; i++) {
      const index = indexes[i] ?? 0;
      this.copyKey(index, words, i * KEY_WORDS);
      const text = this.wideText(index);
      if (text !== null) wide.push(text);
    }
    return { words, wide };
  }

  /** Copies the key of `index` to `at` in `words`. */
  copyKey(index: number, words: Int32Array, at: number): void {
    const page = this.#pages[index >>> PAGE_BITS];
    const base = (index & PAGE_MASK) * KEY_WORDS;
    for (let i = 0; i < KEY_WORDS; i++) words[at + i] = page?.[base + i] ?? 0;
  }

  /** Where the key is, or the free slot where it belongs. Digests are uniform, so their own bits are the hash. */
  #slotOf(words: Int32Array, at: number): number {
    const mask = this.#slots.length * PAGE_SLOTS - 1;
    let slot = ((words[at] ?? 0) ^ ((words[at + 1] ?? 0) << 7)) & mask;
    for (;;) {
      const index = this.#slotAt(slot);
      if (index === NONE || this.#equals(index, words, at)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #equals(index: number, words: Int32Array, at: number): boolean {
    const page = this.#pages[index >>> PAGE_BITS];
    if (!page) return false;
    const base = (index & PAGE_MASK) * KEY_WORDS;
    // Written out, since most of a collection's comparisons are made before V8 optimizes anything.
    return (
      page[base] === words[at] &&
      page[base + 1] === words[at + 1] &&
      page[base + 2] === words[at + 2] &&
      page[base + 3] === words[at + 3] &&
      page[base + 4] === words[at + 4] &&
      page[base + 5] === words[at + 5] &&
      page[base + 6] === words[at + 6] &&
      page[base + 7] === words[at + 7]
    );
  }

  #slotAt(slot: number): number {
    return this.#slots[slot >>> SLOT_BITS]?.[slot & SLOT_MASK] ?? NONE;
  }

  #setSlot(slot: number, index: number): void {
    const page = this.#slots[slot >>> SLOT_BITS];
    if (page) page[slot & SLOT_MASK] = index;
  }

  #grow(): void {
    for (const page of [...this.#slots]) {
      page.fill(NONE);
      this.#slots.push(new Int32Array(PAGE_SLOTS).fill(NONE));
    }
    for (let index = 0; index < this.#size; index++) {
      const page = this.#pages[index >>> PAGE_BITS];
      if (page) this.#setSlot(this.#slotOf(page, (index & PAGE_MASK) * KEY_WORDS), index);
    }
  }
}
