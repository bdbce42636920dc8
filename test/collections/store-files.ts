import * as fs from 'node:fs';
import { join } from 'node:path';
import { digestOf, type Digest } from '../../src/oci/digest.js';
import { MEDIA_TYPES } from '../../src/oci/media-types.js';
import * as layout from '../../src/storage/layout.js';
import { putFile, temporaryDirectory } from './temporary-tree.js';

export interface StoredImage {
  readonly digest: Digest;
  readonly config: Digest;
  readonly layers: readonly Digest[];
}

const DAY_MS = 86_400_000;

/** A registry's files, written by hand: as a registry leaves them, or as an accident does. */
export class StoreFiles {
  readonly root = temporaryDirectory();
  /** When the files were written: a day ago, unless a test says otherwise. */
  modifiedMs = Math.floor(Date.now() / 1000) * 1000 - DAY_MS;

  put(path: string, content: string | Uint8Array): void {
    putFile(this.root, path, content, this.modifiedMs);
  }

  has(path: string): boolean {
    return fs.existsSync(join(this.root, path));
  }

  hasBlob(digest: Digest): boolean {
    return this.has(layout.blobData(digest));
  }

  remove(path: string): void {
    fs.rmSync(join(this.root, path), { recursive: true });
  }

  blob(content: string): Digest {
    const digest = digestOf(Buffer.from(content));
    this.put(layout.blobData(digest), content);
    return digest;
  }

  layer(repository: string, content: string): Digest {
    const digest = this.blob(content);
    this.put(layout.layerLink(repository, digest), digest);
    return digest;
  }

  manifest(repository: string, json: unknown, tags: readonly string[] = []): Digest {
    const digest = this.blob(JSON.stringify(json));
    this.put(layout.revisionLink(repository, digest), digest);
    for (const tag of tags) this.tag(repository, tag, digest);
    return digest;
  }

  tag(repository: string, tag: string, digest: Digest): void {
    this.put(layout.tagLink(repository, tag), digest);
    this.put(layout.tagHistoryLink(repository, tag, digest), digest);
  }

  image(
    repository: string,
    { tags = [], layers = ['base'], subject }: { tags?: string[]; layers?: string[]; subject?: Digest } = {},
  ): StoredImage {
    const config = this.layer(repository, JSON.stringify({ architecture: 'amd64', layers, tags }));
    const stored = layers.map((content) => this.layer(repository, content));
    const descriptor = (digest: Digest) => ({ mediaType: 'application/octet-stream', digest, size: 1 });
    const digest = this.manifest(
      repository,
      {
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociManifest,
        config: descriptor(config),
        layers: stored.map(descriptor),
        ...(subject && { subject: descriptor(subject) }),
      },
      tags,
    );
    return { digest, config, layers: stored };
  }

  index(repository: string, children: readonly Digest[], tags: readonly string[] = []): Digest {
    const manifests = children.map((digest) => ({ mediaType: MEDIA_TYPES.ociManifest, digest, size: 1 }));
    return this.manifest(repository, { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests }, tags);
  }

  /** Deletes a manifest as the registry's API does: its link and its tags go, its folder stays (FACTS §1.2, §1.13). */
  deleteThroughApi(repository: string, digest: Digest): void {
    this.remove(layout.revisionLink(repository, digest));
    for (const tag of this.tagsOf(repository)) {
      const at = fs.readFileSync(join(this.root, layout.tagLink(repository, tag)), 'utf8');
      if (at === digest) this.remove(layout.tagFolder(repository, tag));
    }
  }

  tagsOf(repository: string): string[] {
    return this.has(layout.tags(repository)) ? fs.readdirSync(join(this.root, layout.tags(repository))) : [];
  }
}
