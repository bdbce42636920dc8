const PAGE = 32_768;
const NONE = new Uint32Array(0);

/**
 * Many small arrays of numbers within few large ones: a repository has five, and an array of its own takes 250 bytes
 * beside its numbers.
 */
export class NumberPool {
  #page = NONE;
  #used = 0;

  /** An array of zeros that is nobody else's. */
  take(length: number): Uint32Array {
    if (length === 0) return NONE;
    if (length > PAGE / 4) return new Uint32Array(length);
    if (this.#used + length > this.#page.length) {
      this.#page = new Uint32Array(PAGE);
      this.#used = 0;
    }
    return this.#page.subarray(this.#used, (this.#used += length));
  }
}
