import { readManifestContent } from '../../src/oci/manifest.js';
import { sha256 } from '../blobs.js';

export interface DtrManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface DtrRepository {
  readonly isPublic: boolean;
  readonly manifests: Map<string, DtrManifest>;
  /** Digest by tag. It may be of a manifest that is gone. */
  readonly tags: Map<string, string>;
  readonly blobs: Map<string, Buffer>;
  /** Tags with trust data in Notary. */
  readonly signed: Set<string>;
}

export const newRepository = (isPublic: boolean): DtrRepository => ({
  isPublic,
  manifests: new Map(),
  tags: new Map(),
  blobs: new Map(),
  signed: new Set(),
});

export const manifestAt = (repository: DtrRepository, reference: string): DtrManifest | null =>
  repository.manifests.get(
    reference.includes(':') ? reference : (repository.tags.get(reference) ?? 'none'),
  ) ?? null;

/** The blobs and manifests that must be there before the manifest can be. */
export const missingParts = (repository: DtrRepository, mediaType: string, bytes: Buffer): string[] => {
  const content = readManifestContent(bytes, mediaType);
  switch (content.kind) {
    case 'image':
      return content.blobs.map(({ digest }) => digest).filter((digest) => !repository.blobs.has(digest));
    case 'index':
      return content.children
        .map(({ digest }) => digest)
        .filter((digest) => !repository.manifests.has(digest));
    case 'opaque':
      return ['content that can be read'];
  }
};

export const putManifest = (
  repository: DtrRepository,
  reference: string,
  mediaType: string,
  bytes: Buffer,
): string => {
  const digest = sha256(bytes);
  repository.manifests.set(digest, { digest, mediaType, bytes });
  if (!reference.includes(':')) repository.tags.set(reference, digest);
  return digest;
};

/** What the API has as the records of a tag: one for each platform of an index, with the digest of that child. */
export const recordsOf = (repository: DtrRepository, tag: string): { name: string; digest: string }[] => {
  const digest = repository.tags.get(tag) ?? '';
  const manifest = repository.manifests.get(digest);
  const content = manifest && readManifestContent(manifest.bytes, manifest.mediaType);
  const digests = content?.kind === 'index' ? content.children.map((child) => child.digest) : [digest];
  return digests.map((one) => ({ name: tag, digest: one }));
};
