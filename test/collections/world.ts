import fc from 'fast-check';
import { digestOf, type Digest } from '../../src/oci/digest.js';
import { MEDIA_TYPES } from '../../src/oci/media-types.js';
import * as layout from '../../src/storage/layout.js';

/** A registry's content as a person would describe it, before any of it is a file. */
export interface World {
  readonly blobs: readonly { readonly isWide: boolean; readonly isYoung: boolean }[];
  /** A manifest refers to blobs, and to manifests before it. */
  readonly manifests: readonly ManifestSpec[];
  readonly repositories: readonly RepositorySpec[];
}

export interface ManifestSpec {
  readonly kind: 'image' | 'index' | 'schema1' | 'unknown';
  readonly blobs: readonly number[];
  readonly children: readonly number[];
  readonly subject: number | null;
  readonly isYoung: boolean;
}

export interface RepositorySpec {
  readonly name: string;
  readonly pushed: readonly number[];
  /** Of those pushed: deleted again, through the API. */
  readonly deleted: readonly number[];
  readonly tags: readonly { readonly tag: string; readonly manifest: number }[];
  /** Links of layers whose manifest was never pushed. */
  readonly strayLayers: readonly number[];
}

export const OLD_MS = 1_000_000;
export const NOW_MS = 1_000_000_000;
export const YOUNG_MS = NOW_MS - 1000;
export const GRACE_MS = 60_000;

const NAMES = ['a', 'a/b', 'a/b/c', 'ab', 'z/current/link'];

const picks = (max: number, count: number): fc.Arbitrary<number[]> =>
  max === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat(max - 1), { maxLength: count });

const manifestSpec = (number: number, blobs: number): fc.Arbitrary<ManifestSpec> =>
  fc.record({
    kind: fc.constantFrom('image', 'image', 'index', 'index', 'schema1', 'unknown'),
    blobs: fc.uniqueArray(fc.nat(blobs - 1), { minLength: 1, maxLength: 4 }),
    children: picks(number, 3),
    subject: number === 0 ? fc.constant(null) : fc.option(fc.nat(number - 1), { freq: 3 }),
    isYoung: fc.boolean(),
  });

const repositorySpec = (name: string, manifests: number, blobs: number): fc.Arbitrary<RepositorySpec> =>
  fc.record({
    name: fc.constant(name),
    pushed: picks(manifests, 5),
    deleted: picks(manifests, 4),
    tags: fc.array(
      fc.record({ tag: fc.constantFrom('v1', 'v2', 'current', 'stable'), manifest: fc.nat(manifests - 1) }),
      { maxLength: 3 },
    ),
    strayLayers: picks(blobs, 2),
  });

export const worlds: fc.Arbitrary<World> = fc
  .record({ blobs: fc.integer({ min: 1, max: 10 }), manifests: fc.integer({ min: 1, max: 8 }) })
  .chain(({ blobs, manifests }) =>
    fc.record({
      blobs: fc.array(fc.record({ isWide: fc.boolean(), isYoung: fc.boolean() }), {
        minLength: blobs,
        maxLength: blobs,
      }),
      manifests: fc.tuple(...Array.from({ length: manifests }, (_, i) => manifestSpec(i, blobs))),
      repositories: fc
        .subarray(NAMES, { minLength: 1 })
        .chain((names) => fc.tuple(...names.map((name) => repositorySpec(name, manifests, blobs)))),
    }),
  );

/** What a manifest of this kind really names. */
export const namedBy = (spec: ManifestSpec): { blobs: readonly number[]; manifests: readonly number[] } => ({
  blobs: spec.kind === 'index' ? [] : spec.blobs,
  manifests: [
    ...(spec.kind === 'index' || spec.kind === 'unknown' ? spec.children : []),
    ...(spec.subject !== null && spec.kind !== 'schema1' ? [spec.subject] : []),
  ],
});

/** A world with the bytes and digests of all that is in it. */
export class BuiltWorld {
  readonly blobs: { readonly digest: Digest; readonly bytes: Buffer }[];
  readonly manifests: { readonly digest: Digest; readonly bytes: Buffer }[] = [];

  constructor(readonly world: World) {
    this.blobs = world.blobs.map(({ isWide }, i) => {
      const bytes = Buffer.from(`blob ${i}`);
      return { bytes, digest: digestOf(bytes, isWide ? 'sha512' : 'sha256') };
    });
    for (const [i, spec] of world.manifests.entries()) {
      const bytes = Buffer.from(JSON.stringify(this.#json(spec, i)));
      this.manifests.push({ bytes, digest: digestOf(bytes) });
    }
  }

  blob(i: number): Digest {
    return this.blobs[i]?.digest ?? digestOf(Buffer.from(`absent ${i}`));
  }

  manifest(i: number): Digest {
    return this.manifests[i]?.digest ?? digestOf(Buffer.from(`absent manifest ${i}`));
  }

  /** Links of manifests that stand: pushed and not deleted. */
  linked(repository: RepositorySpec): readonly number[] {
    return repository.pushed.filter((manifest) => !repository.deleted.includes(manifest));
  }

  /** What the tags say at the end: the last push of a tag counts. */
  tags(repository: RepositorySpec): ReadonlyMap<string, number> {
    return new Map(repository.tags.map(({ tag, manifest }) => [tag, manifest]));
  }

  /** Writes it as a registry would have. */
  write(put: (path: string, content: string | Uint8Array, modifiedMs: number) => void): void {
    for (const [i, { digest, bytes }] of this.blobs.entries()) {
      put(layout.blobData(digest), bytes, this.world.blobs[i]?.isYoung ? YOUNG_MS : OLD_MS);
    }
    for (const [i, { digest, bytes }] of this.manifests.entries()) {
      put(layout.blobData(digest), bytes, this.world.manifests[i]?.isYoung ? YOUNG_MS : OLD_MS);
    }
    for (const repository of this.world.repositories) this.#writeRepository(repository, put);
  }

  #writeRepository(
    repository: RepositorySpec,
    put: (path: string, content: string | Uint8Array, modifiedMs: number) => void,
  ): void {
    const { name } = repository;
    put(`${layout.repositoryFolder(name)}/_uploads/x/startedat`, '', OLD_MS);
    const link = (path: string, digest: Digest): void => put(path, digest, OLD_MS);
    // A registry takes a manifest only with all that it names.
    const push = (i: number): void => {
      const spec = this.world.manifests[i];
      if (!spec) return;
      for (const blob of namedBy(spec).blobs) link(layout.layerLink(name, this.blob(blob)), this.blob(blob));
      if (spec.kind === 'index' || spec.kind === 'unknown') for (const child of spec.children) push(child);
    };
    for (const manifest of repository.pushed) push(manifest);
    for (const { manifest } of repository.tags) push(manifest);
    for (const blob of repository.strayLayers) link(layout.layerLink(name, this.blob(blob)), this.blob(blob));
    for (const manifest of this.linked(repository)) {
      link(layout.revisionLink(name, this.manifest(manifest)), this.manifest(manifest));
    }
    for (const [tag, manifest] of this.tags(repository)) {
      link(layout.tagLink(name, tag), this.manifest(manifest));
    }
    for (const { tag, manifest } of repository.tags) {
      link(layout.tagHistoryLink(name, tag, this.manifest(manifest)), this.manifest(manifest));
    }
  }

  #json(spec: ManifestSpec, i: number): unknown {
    const descriptor = (digest: Digest, mediaType: string) => ({ mediaType, digest, size: 1 });
    const subject =
      spec.subject === null
        ? {}
        : { subject: descriptor(this.manifest(spec.subject), MEDIA_TYPES.ociManifest) };
    const annotations = { annotations: { n: String(i) } };
    const layers = spec.blobs.map((blob) => descriptor(this.blob(blob), 'application/octet-stream'));
    switch (spec.kind) {
      case 'image':
        return { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, layers, ...subject, ...annotations };
      case 'index': {
        const manifests = spec.children.map((child) =>
          descriptor(this.manifest(child), MEDIA_TYPES.ociManifest),
        );
        return { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests, ...subject, ...annotations };
      }
      case 'schema1': {
        const fsLayers = spec.blobs.map((blob) => ({ blobSum: this.blob(blob) }));
        return { schemaVersion: 1, name: `x${i}`, tag: 'x', fsLayers };
      }
      case 'unknown': {
        const parts = [...spec.blobs.map((b) => this.blob(b)), ...spec.children.map((c) => this.manifest(c))];
        return { mediaType: 'application/vnd.example+json', wants: parts.join(' and '), ...subject, i };
      }
    }
  }
}
