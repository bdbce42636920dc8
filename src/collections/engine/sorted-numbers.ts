const FIRST_LENGTH = 1024;

/** Numbers that come in any order and are looked at in theirs: 8 bytes each, and sorted without a copy. */
export class SortedNumbers {
  #numbers = new Float64Array(FIRST_LENGTH);
  #length = 0;
  #isSorted = true;

  push(number: number): void {
    if (this.#length === this.#numbers.length) {
      const grown = new Float64Array(this.#length * 2);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[this.#length++] = number;
    this.#isSorted = false;
  }

  /** All of them, the least first, until the next `push`. */
  sorted(): Float64Array {
    const all = this.#numbers.subarray(0, this.#length);
    if (!this.#isSorted) all.sort();
    this.#isSorted = true;
    return all;
  }
}
