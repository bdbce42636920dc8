import { SortedNumbers } from './sorted-numbers.js';

const REPOSITORIES = 2 ** 21;
const NONE: readonly number[] = [];

/** Which repositories hold a blob, by their numbers: 8 bytes a pair, where lists in a Map take some 150. */
export class Holders {
  readonly #noted = new SortedNumbers();
  #pairs: Float64Array | null = null;

  /** `repository` is below two million. */
  note(index: number, repository: number): void {
    if (repository >= REPOSITORIES) throw new RangeError('more repositories than can be numbered');
    this.#noted.push(index * REPOSITORIES + repository);
    this.#pairs = null;
  }

  has(index: number): boolean {
    const pairs = this.#sorted();
    return at(pairs, first(pairs, index), index) !== null;
  }

  /** Each once, in the order of their numbers. */
  of(index: number): readonly number[] {
    const pairs = this.#sorted();
    let i = first(pairs, index);
    let found: number[] | null = null;
    for (let next = at(pairs, i, index); next !== null; next = at(pairs, ++i, index)) {
      if (found === null) found = [next];
      else if (found.at(-1) !== next) found.push(next);
    }
    return found ?? NONE;
  }

  #sorted(): Float64Array {
    return (this.#pairs ??= this.#noted.sorted());
  }
}

/** The repository of the pair, if that is one of `index`. */
const at = (pairs: Float64Array, i: number, index: number): number | null => {
  const repository = (pairs[i] ?? NaN) - index * REPOSITORIES;
  return repository < REPOSITORIES ? repository : null;
};

/** Where the pairs of `index` begin, if there are any. */
const first = (pairs: Float64Array, index: number): number => {
  let low = 0;
  let high = pairs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((pairs[middle] ?? 0) < index * REPOSITORIES) low = middle + 1;
    else high = middle;
  }
  return low;
};
