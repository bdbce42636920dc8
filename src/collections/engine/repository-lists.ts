import type { DigestTable } from './digest-table.js';
import { NumberLists } from './number-lists.js';
import type { RepositoryLinks } from './repository-mark.js';
import type { RepositoryScan } from './scan-repository.js';

const NO_TIMES = new Float64Array();

/** What the repositories' links name, by the number of the repository, as numbers of digests. */
export class RepositoryLists {
  /** The layer links of each, of configs and layers alike. */
  readonly layers = new NumberLists();
  /** Manifests that were deleted: their empty folders. */
  readonly emptyRevisions = new NumberLists();
  readonly #revisions = new NumberLists();
  readonly #tagged = new NumberLists();
  readonly #timesMs = new Map<number, Float64Array>();
  readonly #undecided = new Set<number>();

  /** `names` are those of all repositories, in the order in which they are added. */
  constructor(private readonly names: readonly string[]) {}

  get length(): number {
    return this.#revisions.length;
  }

  /** Takes in the next repository; says what keeps its manifests. */
  add(table: DigestTable, scan: RepositoryScan): RepositoryLinks {
    const number = this.length;
    table.addPacked(scan.revisions, this.#revisions);
    table.addPacked(scan.tagged, this.#tagged);
    table.addPacked(scan.layers, this.layers);
    table.addPacked(scan.emptyRevisions, this.emptyRevisions);
    if (scan.revisionTimesMs.length > 0) this.#timesMs.set(number, scan.revisionTimesMs.slice());
    if (scan.faults.some((fault) => fault.undecided === 'repository')) this.#undecided.add(number);
    return this.at(number);
  }

  at(number: number): RepositoryLinks {
    return {
      name: this.names[number] ?? '',
      revisions: this.#revisions.at(number),
      revisionTimesMs: this.#timesMs.get(number) ?? NO_TIMES,
      tagged: this.#tagged.at(number),
      isDecided: !this.#undecided.has(number),
    };
  }
}
