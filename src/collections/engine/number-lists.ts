const PAGE_BITS = 15;
const PAGE = 1 << PAGE_BITS;
const NONE = new Uint32Array(0);

/**
 * Many small lists of numbers in few large arrays: a repository has four, and an array for each of them takes 100 bytes
 * beside its numbers, or 250 with memory of its own.
 */
export class NumberLists {
  /** Of one length, but for those of a list that is longer. */
  readonly #pages: Uint32Array[] = [];
  /** Of each list where it begins, counted over all pages as if they were of one length, and its own length. */
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];
  /** Where the next list begins; the page there may be still to be made. */
  #end = 0;

  get length(): number {
    return this.#starts.length;
  }

  /** A further list, of zeros, for the caller to fill. */
  add(length: number): Uint32Array {
    const isCut = (this.#end & (PAGE - 1)) + length > PAGE;
    const start = isCut ? this.#pages.length * PAGE : this.#end;
    if (start === this.#pages.length * PAGE) this.#pages.push(new Uint32Array(Math.max(PAGE, length)));
    this.#starts.push(start);
    this.#lengths.push(length);
    this.#end = Math.min(start + length, this.#pages.length * PAGE);
    return this.at(this.length - 1);
  }

  /** The numbers of a list, as they stand here; none of one that was not added. */
  at(list: number): Uint32Array {
    const start = this.#starts[list] ?? 0;
    const from = start & (PAGE - 1);
    return this.#pages[start >>> PAGE_BITS]?.subarray(from, from + (this.#lengths[list] ?? 0)) ?? NONE;
  }
}
