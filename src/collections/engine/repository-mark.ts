import { Column } from './digest-table.js';
import type { UntaggedRule } from './mark.js';
import { FLAG, type ReferenceGraph } from './reference-graph.js';
import type { UnreadManifest } from './read-manifests.js';
import type { Role } from './references.js';

const LAST_UINT16 = 2 ** 16 - 1;

/** A repository's links, as numbers of digests. */
export interface RepositoryLinks {
  readonly name: string;
  readonly revisions: Uint32Array;
  readonly revisionTimesMs: Float64Array;
  readonly tagged: Uint32Array;
  /** All of its links could be read. */
  readonly isDecided: boolean;
}

/**
 * Which repository last met a digest, and whether it followed its references, as twice its stamp and one more where it
 * did: what two sets per repository would say.
 */
export class Visits {
  readonly #last: Column<Uint16Array | Uint32Array>;

  /** Stamps go from 1 to `lastStamp`. */
  constructor(lastStamp: number) {
    const isNarrow = lastStamp * 2 + 1 <= LAST_UINT16;
    this.#last = new Column((length) => (isNarrow ? new Uint16Array(length) : new Uint32Array(length)));
  }

  wasSeen(index: number, stamp: number): boolean {
    return this.#last.get(index) >>> 1 === stamp;
  }

  /** True the first time that this stamp meets it. */
  see(index: number, stamp: number): boolean {
    if (this.wasSeen(index, stamp)) return false;
    this.#last.set(index, stamp * 2);
    return true;
  }

  /** True the first time that this stamp, which has seen it, follows it. */
  enter(index: number, stamp: number): boolean {
    const entered = stamp * 2 + 1;
    if (this.#last.get(index) === entered) return false;
    this.#last.set(index, entered);
    return true;
  }
}

type FoundAs = Role | 'root';

/** Marks what one repository needs. */
export class RepositoryMark {
  liveBytes = 0;
  isDecided: boolean;
  /** Manifests that it needs and whose references are not known for certain, with the problem. */
  readonly unread = new Map<number, string>();
  /** What it needs and was not among the blobs listed. */
  readonly unlisted: number[] = [];
  /** Manifests that it has, that no tag and nothing living in it needs, and that are old enough to go. */
  untagged: number[] = [];

  constructor(
    private readonly graph: ReferenceGraph,
    private readonly links: RepositoryLinks,
    private readonly stamp: number,
    private readonly visits: Visits,
    private readonly problems: ReadonlyMap<number, UnreadManifest>,
  ) {
    this.isDecided = links.isDecided;
  }

  run(rule: UntaggedRule | null): void {
    this.#walkAll(this.links.tagged);
    if (rule === null) return this.#walkAll(this.links.revisions);
    const { revisions, revisionTimesMs } = this.links;
    // One that cannot be read may have a subject, or children, among the others.
    for (const index of revisions) this.#doubt(index, 'root');
    const isYoung = (i: number): boolean => !((revisionTimesMs[i] ?? Infinity) < rule.linkedBeforeMs);
    const isHeld = (index: number): boolean => rule.isHeld(this.links.name, this.graph.digest(index));
    this.#walkAll(revisions.filter((index, i) => isYoung(i) || isHeld(index)));
    this.#walkReferrers();
    // What could not be read may be an index, a tag or a subject that needs any of them.
    if (!this.isDecided) return this.#walkAll(revisions);
    this.untagged = [...new Set(revisions)].filter((index) => !this.#wasSeen(index));
  }

  /** A referrer lives as long as its subject does; a referrer can be a subject, too. */
  #walkReferrers(): void {
    let waiting = [...this.links.revisions].filter((index) => !this.#wasSeen(index));
    for (;;) {
      const referrers = waiting.filter((index) => this.#refersToLiving(index));
      if (referrers.length === 0) return;
      this.#walkAll(referrers);
      waiting = waiting.filter((index) => !this.#wasSeen(index));
    }
  }

  #refersToLiving(index: number): boolean {
    // What is of no known type may be a referrer of anything.
    if (!this.graph.knows(index) || this.graph.kind(index) === 'opaque') return true;
    let refers = false;
    this.graph.references(index, (target, role) => {
      if (role === 'subject' && this.#wasSeen(target)) refers = true;
    });
    return refers;
  }

  #walkAll(roots: Iterable<number>): void {
    for (const root of roots) this.#walk(root);
  }

  /** What has no references of its own is met without a turn on the stack: most of a store is layers. */
  #walk(root: number): void {
    this.#meet(root, 'root');
    if (!this.#enter(root, 'root')) return;
    const open = [root];
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      this.graph.references(index, (target, role) => {
        this.#meet(target, role);
        if (role !== 'content' && role !== 'foreign' && this.#enter(target, role)) open.push(target);
      });
    }
  }

  #meet(index: number, role: FoundAs): void {
    if (!this.visits.see(index, this.stamp)) return;
    this.graph.flag(index, FLAG.live);
    if (this.graph.has(index, FLAG.present)) this.liveBytes += this.graph.sizeBytes(index);
    else if (role === 'content' || (role !== 'foreign' && this.graph.knows(index))) this.unlisted.push(index);
  }

  /** True where its references are to be followed: once a repository. */
  #enter(index: number, role: FoundAs): boolean {
    this.#doubt(index, role);
    return this.visits.enter(index, this.stamp);
  }

  #doubt(index: number, role: FoundAs): void {
    const problem = this.#problemOf(index, role);
    if (problem === null) return;
    this.unread.set(index, problem);
    this.isDecided = false;
  }

  /** What keeps a manifest from saying what it refers to. A subject need not exist, a mention need not be a manifest. */
  #problemOf(index: number, role: FoundAs): string | null {
    const unread = this.problems.get(index);
    if (role === 'root' || role === 'child')
      return unread?.problem ?? (this.graph.knows(index) ? null : 'is missing');
    return unread?.cause === 'damaged' ? unread.problem : null;
  }

  #wasSeen(index: number): boolean {
    return this.visits.wasSeen(index, this.stamp);
  }
}
