import { FLAG, type ReferenceGraph } from './reference-graph.js';
import type { ManifestReading, UnreadManifest } from './read-manifests.js';
import type { Scanner } from './scanner.js';
import { A_TURN, type Turn } from './turns.js';

/** How many manifests are asked for at once. */
const PORTION = 250;

/**
 * Reads every manifest that is reachable and not known yet, level by level: the roots while they still come in, then
 * what those lead to. A subject or a mention is only read where it is there: it need not be a manifest at all.
 */
export class ReachableManifests {
  /** Those of which it is not known for certain what they refer to. */
  readonly problems = new Map<number, UnreadManifest>();
  #level: number[] = [];
  #unknown: number[] = [];
  #asked: AsyncIterable<ManifestReading>[] = [];

  constructor(
    private readonly graph: ReferenceGraph,
    private readonly scanner: Scanner,
  ) {}

  want(index: number): void {
    if (this.graph.has(index, FLAG.reached)) return;
    this.graph.flag(index, FLAG.reached);
    this.#level.push(index);
    if (this.graph.knows(index)) return;
    this.#unknown.push(index);
    if (this.#unknown.length === PORTION) this.#ask();
  }

  /** Waits until everything reachable is known, or the signal ends it. */
  async follow(signal: AbortSignal | undefined, turn: Turn): Promise<void> {
    while (this.#level.length > 0) {
      this.#ask();
      for (const asked of this.#asked.splice(0)) {
        for await (const reading of asked) {
          signal?.throwIfAborted();
          this.#learn(reading);
          await turn();
        }
      }
      for (const [n, index] of this.#level.splice(0).entries()) {
        if (n % A_TURN === 0) await turn();
        this.graph.references(index, (target, role) => {
          if (role === 'child') this.want(target);
          else if ((role === 'subject' || role === 'mention') && this.graph.has(target, FLAG.present))
            this.want(target);
        });
      }
    }
  }

  #ask(): void {
    if (this.#unknown.length === 0) return;
    this.#asked.push(this.scanner.manifests(this.graph.table.pack(this.#unknown)));
    this.#unknown = [];
  }

  #learn({ records, unread }: ManifestReading): void {
    this.graph.learn(records);
    for (const manifest of unread) {
      const index = this.graph.table.addDigest(manifest.digest);
      this.graph.flag(index, FLAG.doubted);
      this.problems.set(index, manifest);
    }
  }
}
