import { readManifestContent } from '../../src/oci/manifest.js';
import { sha256 } from '../blobs.js';

export interface HarborArtifact {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly pushTime: string;
  readonly tags: Set<string>;
  /** Digests that it contains, as an index. */
  readonly children: readonly string[];
  /** Digest that it is an accessory of. */
  readonly subject: string | null;
}

interface HarborRepository {
  readonly artifacts: Map<string, HarborArtifact>;
  readonly blobs: Map<string, Buffer>;
}

interface HarborProject {
  readonly isPublic: boolean;
  /** Tags that an immutability rule matches. */
  immutable: RegExp | null;
  /** "Prevent vulnerable images from running" blocks every image of it. */
  blocksPulls: boolean;
}

/** A refusal: its code goes into the body (src/lib/errors/const.go). */
export class HarborRefusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const notFound = (what: string): HarborRefusal => new HarborRefusal(404, 'NOT_FOUND', `${what} not found`);

/** What a Harbor holds, and its rules of deletion (src/controller/artifact/controller.go, deleteDeeply). */
export class HarborStore {
  readonly projects = new Map<string, HarborProject>();
  /** By full name, `project/repository`. */
  readonly repositories = new Map<string, HarborRepository>();
  private pushed = 0;

  addProject(name: string, isPublic: boolean): void {
    this.projects.set(name, { isPublic, immutable: null, blocksPulls: false });
  }

  ensureRepository(name: string): HarborRepository {
    const known = this.repositories.get(name) ?? { artifacts: new Map(), blobs: new Map() };
    this.repositories.set(name, known);
    return known;
  }

  /** By tag or digest. */
  find(repository: string, reference: string): HarborArtifact {
    const artifacts = this.repositories.get(repository)?.artifacts;
    const found = reference.includes(':')
      ? artifacts?.get(reference)
      : [...(artifacts?.values() ?? [])].find((artifact) => artifact.tags.has(reference));
    if (!found) throw notFound(`artifact ${repository}:${reference}`);
    return found;
  }

  tags(repository: string): string[] {
    const known = this.repositories.get(repository);
    if (!known) throw notFound(`repository ${repository}`);
    return [...known.artifacts.values()].flatMap((artifact) => [...artifact.tags]).sort();
  }

  /** What the API lists: neither accessories nor untagged children of indexes (src/pkg/artifact/dao). */
  listed(repository: string): HarborArtifact[] {
    const all = [...(this.repositories.get(repository)?.artifacts.values() ?? [])];
    const isChild = (digest: string) => all.some((artifact) => artifact.children.includes(digest));
    return all.filter(
      (artifact) =>
        !this.isAccessory(repository, artifact) && (artifact.tags.size > 0 || !isChild(artifact.digest)),
    );
  }

  put(repository: string, mediaType: string, bytes: Buffer, tag: string | null): HarborArtifact {
    const { artifacts } = this.ensureRepository(repository);
    const on = tag === null ? undefined : [...artifacts.values()].find((artifact) => artifact.tags.has(tag));
    if (tag !== null && on && this.isImmutable(repository, tag)) {
      throw new HarborRefusal(412, 'PRECONDITION', `configured as immutable tag ${tag}, cannot be updated`);
    }
    const digest = sha256(bytes);
    const content = readManifestContent(bytes, mediaType);
    const artifact = artifacts.get(digest) ?? {
      digest,
      mediaType,
      bytes,
      pushTime: new Date(Date.UTC(2026, 0, 1, 0, (this.pushed += 1))).toISOString(),
      tags: new Set<string>(),
      children: content.kind === 'index' ? content.children.map((child) => child.digest) : [],
      subject: content.kind === 'opaque' ? null : content.subject,
    };
    artifacts.set(digest, artifact);
    if (tag !== null) {
      on?.tags.delete(tag);
      artifact.tags.add(tag);
    }
    return artifact;
  }

  deleteTag(repository: string, reference: string, tag: string): void {
    const artifact = this.find(repository, reference);
    if (!artifact.tags.has(tag)) throw notFound(`tag ${tag} attached to artifact ${artifact.digest}`);
    this.mustBeMutable(repository, tag);
    artifact.tags.delete(tag);
  }

  /** All or nothing, as in one transaction. */
  deleteArtifact(repository: string, digest: string): void {
    this.find(repository, digest);
    const { artifacts } = this.ensureRepository(repository);
    const before = new Map([...artifacts].map(([key, artifact]) => [key, new Set(artifact.tags)]));
    const copy = new Map(artifacts);
    try {
      this.deleteDeeply(repository, digest, true);
    } catch (error) {
      for (const [key, artifact] of copy) {
        artifacts.set(key, artifact);
        for (const tag of before.get(key) ?? []) artifact.tags.add(tag);
      }
      throw error;
    }
  }

  private deleteDeeply(repository: string, digest: string, isRoot: boolean): void {
    const { artifacts } = this.ensureRepository(repository);
    const artifact = artifacts.get(digest);
    if (!artifact || (!isRoot && artifact.tags.size > 0)) return;
    if ([...artifacts.values()].some((parent) => parent.children.includes(digest))) {
      if (!isRoot) return;
      const message = 'the deleting artifact is referenced by others';
      throw new HarborRefusal(412, 'VIOLATE_FOREIGN_KEY_CONSTRAINT', message);
    }
    for (const tag of artifact.tags) this.mustBeMutable(repository, tag);
    artifact.tags.clear();
    artifacts.delete(digest);
    for (const accessory of this.accessoriesOf(repository, digest)) {
      this.deleteDeeply(repository, accessory.digest, true);
    }
    for (const child of artifact.children) this.deleteDeeply(repository, child, false);
  }

  accessoriesOf(repository: string, subject: string): HarborArtifact[] {
    const all = [...(this.repositories.get(repository)?.artifacts.values() ?? [])];
    return all.filter((artifact) => artifact.subject === subject);
  }

  isImmutable(repository: string, tag: string): boolean {
    return this.projects.get(projectOf(repository))?.immutable?.test(tag) ?? false;
  }

  private isAccessory(repository: string, artifact: HarborArtifact): boolean {
    return (
      artifact.subject !== null && this.repositories.get(repository)?.artifacts.has(artifact.subject) === true
    );
  }

  private mustBeMutable(repository: string, tag: string): void {
    if (!this.isImmutable(repository, tag)) return;
    const message = `the tag ${tag} configured as immutable, cannot be deleted`;
    throw new HarborRefusal(412, 'PRECONDITION', message);
  }
}

export const projectOf = (repository: string): string => repository.split('/')[0] ?? '';
