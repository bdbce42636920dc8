const REPOSITORIES = 2 ** 21;
const NONE: readonly number[] = [];

/** Which repositories hold a blob, by their numbers: 8 bytes a pair, where lists in a Map take some 150. */
export class Holders {
  #pairs = new Float64Array();
  #length = 0;
  #isSorted = true;

  /** `repository` is below two million. */
  note(index: number, repository: number): void {
    if (repository >= REPOSITORIES) throw new RangeError('more repositories than can be numbered');
    if (this.#length === this.#pairs.length) {
      const grown = new Float64Array(Math.max(1024, this.#length * 2));
      grown.set(this.#pairs);
      this.#pairs = grown;
    }
    this.#pairs[this.#length++] = index * REPOSITORIES + repository;
    this.#isSorted = false;
  }

  has(index: number): boolean {
    return this.#at(this.#first(index), index) !== null;
  }

  /** Each once, in the order of their numbers. */
  of(index: number): readonly number[] {
    let at = this.#first(index);
    let found: number[] | null = null;
    for (let next = this.#at(at, index); next !== null; next = this.#at(++at, index)) {
      if (found === null) found = [next];
      else if (found.at(-1) !== next) found.push(next);
    }
    return found ?? NONE;
  }

  /** The repository of the pair, if that is one of `index`. */
  #at(at: number, index: number): number | null {
    const pair = at < this.#length ? (this.#pairs[at] ?? NaN) : NaN;
    const repository = pair - index * REPOSITORIES;
    return repository < REPOSITORIES ? repository : null;
  }

  /** Where the pairs of `index` begin, if there are any. */
  #first(index: number): number {
    if (!this.#isSorted) {
      this.#pairs = this.#pairs.slice(0, this.#length).sort();
      this.#isSorted = true;
    }
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#pairs[middle] ?? 0) < index * REPOSITORIES) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
