import fc from 'fast-check';
import { digestOf, type Digest } from '../../src/oci/digest.js';
import type { Descriptor, Manifest } from '../../src/oci/manifest.js';
import { MEDIA_TYPES } from '../../src/oci/media-types.js';
import { parseTag, type Tag } from '../../src/oci/names.js';
import type { Missing } from '../../src/planning/missing.js';
import { EMPTY_SNAPSHOT, type RepositorySnapshot } from '../../src/planning/snapshot.js';

/** One manifest of an invented repository. It can only name what comes before it, as a content hash can. */
export interface Node {
  readonly kind: 'image' | 'index' | 'opaque';
  readonly children?: readonly number[];
  readonly subject?: number | null;
  /** Blobs by number; number n has 1000 + n bytes. */
  readonly layers?: readonly number[];
  readonly tags?: readonly string[];
}

const UNKNOWN_TYPE = 'application/vnd.example.bundle.v9+json';

/** The repository as a registry would hold it, with the two calls that change it. */
export class Repository {
  readonly digests: readonly Digest[];
  readonly present: Set<number>;
  readonly tags = new Map<string, number>();

  constructor(readonly nodes: readonly Node[]) {
    this.digests = nodes.map((_, at) => digestOf(Buffer.from(`manifest ${at}`)));
    this.present = new Set(nodes.keys());
    for (const [at, { tags = [] }] of nodes.entries()) for (const tag of tags) this.tags.set(tag, at);
  }

  /** The same state, and one more manifest. */
  with(newest: Node): Repository {
    const copy = new Repository([...this.nodes, newest]);
    for (const at of this.nodes.keys()) if (!this.present.has(at)) copy.deleteManifest(copy.digest(at));
    for (const tag of copy.tags.keys())
      if (!this.tags.has(tag) && !newest.tags?.includes(tag)) copy.untag(tag);
    return copy;
  }

  digest(at: number): Digest {
    const digest = this.digests[at];
    if (digest === undefined) throw new Error(`no manifest ${at}`);
    return digest;
  }

  at(digest: Digest): number {
    return this.digests.indexOf(digest);
  }

  manifest(at: number): Manifest {
    const { kind, children = [], subject = null, layers = [] } = this.nodes[at] ?? { kind: 'opaque' };
    const base = { digest: this.digest(at), bytes: Buffer.from(`manifest ${at}`), mediaType: this.type(at) };
    const about = subject === null ? null : this.digest(subject);
    if (kind === 'opaque') return { ...base, content: { kind } };
    return kind === 'index'
      ? { ...base, content: { kind, children: children.map((c) => this.descriptor(c)), subject: about } }
      : { ...base, content: { kind, blobs: layers.map(blob), subject: about } };
  }

  /** Takes the manifest with every tag on it. */
  deleteManifest(digest: Digest): void {
    const at = this.at(digest);
    this.present.delete(at);
    for (const [tag, on] of [...this.tags]) if (on === at) this.tags.delete(tag);
  }

  untag(tag: string): void {
    this.tags.delete(tag);
  }

  /** What a survey of all tags sees. */
  survey(): RepositorySnapshot {
    const tags = [...this.tags].map(([tag, at]): [Tag, { digest: Digest; mediaType: string }] => [
      parseTag(tag),
      { digest: this.digest(at), mediaType: this.type(at) },
    ]);
    return { ...EMPTY_SNAPSHOT, tags: new Map(tags) };
  }

  /** The survey, with answers to every question that planning has. */
  snapshot(missing: (known: RepositorySnapshot) => Missing): RepositorySnapshot {
    let known = this.survey();
    // A manifest takes two rounds at most: to read it, and to hear who speaks about it.
    for (let round = 0; round <= 2 * this.nodes.length + 2; round += 1) {
      const { read, referrersOf } = missing(known);
      if (read.length === 0 && referrersOf.length === 0) return known;
      const there = read.filter((digest) => this.present.has(this.at(digest)));
      known = {
        ...known,
        manifests: new Map([
          ...known.manifests,
          ...there.map((d) => [d, this.manifest(this.at(d))] as const),
        ]),
        absent: new Set([...known.absent, ...read.filter((digest) => !there.includes(digest))]),
        referrers: new Map([
          ...known.referrers,
          ...referrersOf.map((digest) => [digest, this.referrersApi(digest)] as const),
        ]),
      };
    }
    throw new Error('planning never stops asking');
  }

  private referrersApi(digest: Digest): Descriptor[] {
    return [...this.present]
      .filter((at) => this.nodes[at]?.kind !== 'opaque' && this.nodes[at]?.subject === this.at(digest))
      .map((at) => this.descriptor(at));
  }

  private descriptor(at: number): Descriptor {
    return { digest: this.digest(at), mediaType: this.type(at), sizeBytes: 10 };
  }

  private type(at: number): string {
    const kind = this.nodes[at]?.kind;
    return kind === 'index'
      ? MEDIA_TYPES.ociIndex
      : kind === 'image'
        ? MEDIA_TYPES.ociManifest
        : UNKNOWN_TYPE;
  }
}

/** Whether some cosign or fallback tag speaks about a manifest that is no older than its own. */
export const hasForesight = (nodes: readonly Node[]): boolean =>
  nodes.some(({ tags = [] }, at) =>
    nodes.some((_, other) => other >= at && tags.some((tag) => tag.startsWith(helperTagFor(other)))),
  );

const blob = (number: number): Descriptor => ({
  digest: digestOf(Buffer.from(`blob ${number}`)),
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  sizeBytes: 1000 + number,
});

/** The fallback or cosign tag about a manifest of a repository made of `nodes`. */
export const helperTagFor = (at: number, suffix: '' | '.sig' | '.att' | '.sbom' = ''): string =>
  `${digestOf(Buffer.from(`manifest ${at}`)).replace(':', '-')}${suffix}`;

const MOST_NODES = 8;
const lower = (at: number) => fc.integer({ min: 0, max: at - 1 });

const node = (at: number): fc.Arbitrary<Node> =>
  fc
    .record({
      kind: fc.oneof(
        { weight: 6, arbitrary: fc.constant('image' as const) },
        { weight: 5, arbitrary: fc.constant('index' as const) },
        { weight: 1, arbitrary: fc.constant('opaque' as const) },
      ),
      children: at === 0 ? fc.constant([]) : fc.uniqueArray(lower(at), { maxLength: 3 }),
      subject: at === 0 ? fc.constant(null) : fc.option(lower(at), { freq: 3 }),
      layers: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
      plainTags: fc.integer({ min: 0, max: 2 }),
      helper: fc.option(
        fc.record({
          about: fc.integer({ min: 0, max: MOST_NODES - 1 }),
          suffix: fc.constantFrom('' as const, '.sig' as const, '.att' as const, '.sbom' as const),
        }),
        { freq: 4 },
      ),
    })
    .map(({ kind, children, subject, layers, plainTags, helper }) => ({
      kind,
      children: kind === 'index' ? children : [],
      subject: kind === 'opaque' ? null : subject,
      layers: kind === 'image' ? layers : [],
      tags: [
        ...Array.from({ length: plainTags }, (_, n) => `t${at}-${n}`),
        ...(helper ? [helperTagFor(helper.about, helper.suffix)] : []),
      ],
    }));

/**
 * Any repository of up to 8 manifests. Every index and every unreadable manifest can be found from a tag: what no
 * registry lists, nobody can know of (the plan's notes say so).
 */
export const repositories: fc.Arbitrary<readonly Node[]> = fc
  .integer({ min: 1, max: MOST_NODES })
  .chain((length) => fc.tuple(...Array.from({ length }, (_, at) => node(at))))
  .map((nodes) => {
    const taken = new Set<string>();
    const distinct = nodes.map((n) => ({
      ...n,
      tags: (n.tags ?? []).filter((tag) => !taken.has(tag) && taken.add(tag)),
    }));
    return distinct.map((n, at) => {
      const isFound =
        n.kind === 'image' || n.tags.length > 0 || distinct.some((other) => other.children?.includes(at));
      return isFound ? n : { ...n, tags: [`found-${at}`] };
    });
  });
