import { blobEntry, revisionEntry, type BatchHead } from './entries.js';
import type { CollectionFault } from './fault.js';
import type { DeadBlob } from './dead-blobs.js';
import type { Garbage } from './garbage.js';
import { Holders } from './holders.js';
import type { JournalEntry, QuarantineEntry } from './journal.js';
import type { UntaggedRevision } from './mark.js';
import { FLAG } from './reference-graph.js';
import { stillDead, stillUntagged } from './second-look.js';
import { survey, type CollectionTools, type CollectRules } from './survey.js';
import type { Candidates, Look, Surveyor } from './surveyor.js';
import { TagHistories } from './tag-histories.js';

/** What was found in the files of a Docker Registry 2.x or a Distribution 3.x. */
export class GarbageLook implements Look {
  #untaggedIn: Holders | null = null;

  constructor(
    readonly garbage: Garbage,
    protected readonly tools: CollectionTools,
    private readonly rules: CollectRules,
  ) {}

  get blocked(): string | null {
    return this.garbage.blocked;
  }

  get faults(): readonly CollectionFault[] {
    return this.garbage.faults;
  }

  /** Links of untagged manifests go before blobs, so that no link is left without its manifest. */
  batches(size: number): readonly Candidates[] {
    const { blobs, blocked, marking } = this.garbage;
    if (blocked !== null) return [];
    const batches: Candidates[] = [];
    for (let i = 0; i < marking.untagged.length; i += size) {
      const revisions = marking.untagged.slice(i, i + size);
      batches.push({ count: 0, entries: (head) => this.#revisionEntries(head, revisions) });
    }
    for (let i = 0; i < blobs.length; i += size) {
      const count = Math.min(size, blobs.length - i);
      batches.push({ count, entries: (head) => this.#blobEntries(head, blobs.slice(i, i + count)) });
    }
    return batches;
  }

  /**
   * A living manifest refers to it, a repository of which not all could be read might, or a layer link to it was
   * written since (ours went along, so any that is there is new): a registry with a stale cache told a client that the
   * blob exists (TRAPS 19, 20).
   */
  needs(entry: JournalEntry): boolean {
    const { marking, linked } = this.garbage;
    const { graph, names, needs } = marking;
    const index = graph.table.findDigest(entry.digest);
    if (index < 0) return false;
    // What somebody deleted comes back by undo alone.
    if (entry.repository !== null && entry.because === 'deleted') return false;
    if (entry.repository !== null) return needs(names.indexOf(entry.repository), index);
    return graph.has(index, FLAG.live | FLAG.kept) || linked(index);
  }

  async #revisionEntries(
    head: BatchHead,
    revisions: readonly UntaggedRevision[],
  ): Promise<readonly QuarantineEntry[]> {
    const { marking } = this.garbage;
    const histories = new TagHistories(this.tools.storage);
    const entries: QuarantineEntry[] = [];
    for (const revision of await stillUntagged(this.tools, this.rules, marking, revisions)) {
      entries.push(await revisionEntry(head, entries.length, marking, revision, histories));
    }
    return entries;
  }

  async #blobEntries(head: BatchHead, blobs: readonly DeadBlob[]): Promise<readonly QuarantineEntry[]> {
    const { marking } = this.garbage;
    const untaggedIn = (index: number): readonly number[] => this.#untagged().of(index);
    const dead = await stillDead(this.tools, this.rules, marking, blobs, untaggedIn);
    return dead.map((blob, item) => blobEntry(head, item, marking, blob));
  }

  /** The repositories whose links to untagged manifests go. */
  #untagged(): Holders {
    if (this.#untaggedIn) return this.#untaggedIn;
    const holders = new Holders();
    for (const { repository, digest } of this.garbage.marking.untagged) holders.note(digest, repository);
    return (this.#untaggedIn = holders);
  }
}

/** Surveys with `tools`. */
export const surveyorWith = (tools: CollectionTools): Surveyor<GarbageLook> => ({
  storage: tools.storage,
  now: tools.now,
  moveOut: tools.moveOut,
  look: async (rules, hooks) => new GarbageLook(await survey(tools, rules, hooks), tools, rules),
});
