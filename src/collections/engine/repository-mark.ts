import type { Column } from './digest-table.js';
import type { UntaggedRule } from './mark.js';
import { FLAG, type ReferenceGraph } from './reference-graph.js';
import type { UnreadManifest } from './read-manifests.js';
import type { Role } from './references.js';

/** A repository's links, as numbers of digests. */
export interface RepositoryLinks {
  readonly name: string;
  readonly revisions: Uint32Array;
  readonly revisionTimesMs: Float64Array;
  readonly tagged: Uint32Array;
  /** All of its links could be read. */
  readonly isDecided: boolean;
}

/** Which repository last met a digest, and last followed its references: what a set per repository would say. */
export interface Visits {
  readonly seen: Column<Uint32Array>;
  readonly entered: Column<Uint32Array>;
}

type Step = readonly [index: number, role: Role | 'root'];

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
    this.#walkAll(revisions.filter((_, i) => !((revisionTimesMs[i] ?? Infinity) < rule.linkedBeforeMs)));
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
    for (const root of roots) this.#walk([root, 'root']);
  }

  #walk(from: Step): void {
    const open: Step[] = [from];
    for (let step = open.pop(); step !== undefined; step = open.pop()) {
      const [index, role] = step;
      this.#meet(index, role);
      if (role === 'content' || role === 'foreign' || !this.#enter(index, role)) continue;
      this.graph.references(index, (target, targetRole) => open.push([target, targetRole]));
    }
  }

  #meet(index: number, role: Step[1]): void {
    if (this.#wasSeen(index)) return;
    this.visits.seen.set(index, this.stamp);
    this.graph.flag(index, FLAG.live);
    if (this.graph.has(index, FLAG.present)) this.liveBytes += this.graph.sizeBytes(index);
    else if (role === 'content' || (role !== 'foreign' && this.graph.knows(index))) this.unlisted.push(index);
  }

  /** True where its references are to be followed: once a repository. */
  #enter(index: number, role: Step[1]): boolean {
    this.#doubt(index, role);
    if (this.visits.entered.get(index) === this.stamp) return false;
    this.visits.entered.set(index, this.stamp);
    return true;
  }

  #doubt(index: number, role: Step[1]): void {
    const problem = this.#problemOf(index, role);
    if (problem === null) return;
    this.unread.set(index, problem);
    this.isDecided = false;
  }

  /** What keeps a manifest from saying what it refers to. A subject need not exist, a mention need not be a manifest. */
  #problemOf(index: number, role: Step[1]): string | null {
    const unread = this.problems.get(index);
    if (role === 'root' || role === 'child')
      return unread?.problem ?? (this.graph.knows(index) ? null : 'is missing');
    return unread?.cause === 'damaged' ? unread.problem : null;
  }

  #wasSeen(index: number): boolean {
    return this.visits.seen.get(index) === this.stamp;
  }
}
