import { z } from 'zod';
import { contentDigestSchema, digestOf, type Digest } from '../../oci/digest.js';
import { isIndexType, MEDIA_TYPES } from '../../oci/media-types.js';

const REPLACES = 'dev.sexton.replaces';

/** A manifest of no image, made to take a tag away from another one and then be deleted (FACTS §1.2). */
export interface Throwaway {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly config: { readonly digest: Digest; readonly bytes: Uint8Array };
}

/** Unique through `nonce`, so that its digest is on no other tag; it says which digest it stands in for. */
export const makeThrowaway = (replaces: Digest, mediaType: string, nonce: string): Throwaway => {
  const isDocker = mediaType === MEDIA_TYPES.dockerManifest || mediaType === MEDIA_TYPES.dockerList;
  const labels = { [REPLACES]: replaces, 'dev.sexton.nonce': nonce };
  const configBytes = encode({
    architecture: 'unknown',
    os: 'unknown',
    config: { Labels: labels },
    rootfs: { type: 'layers', diff_ids: [] },
  });
  const config = { digest: digestOf(configBytes), bytes: configBytes };
  const type = isDocker ? MEDIA_TYPES.dockerManifest : MEDIA_TYPES.ociManifest;
  const bytes = encode({
    schemaVersion: 2,
    mediaType: type,
    config: {
      mediaType: isDocker
        ? 'application/vnd.docker.container.image.v1+json'
        : 'application/vnd.oci.image.config.v1+json',
      digest: config.digest,
      size: configBytes.byteLength,
    },
    layers: [],
    annotations: labels,
  });
  return { digest: digestOf(bytes), mediaType: type, bytes, config };
};

const throwawaySchema = z.object({
  layers: z.array(z.unknown()).length(0),
  annotations: z.object({ [REPLACES]: contentDigestSchema }),
});

/** The digest that a throw-away stands in for, or null when the manifest is none of ours. */
export const replacedBy = (manifest: {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}): Digest | null => {
  if (isIndexType(manifest.mediaType)) return null;
  try {
    const parsed = throwawaySchema.safeParse(JSON.parse(Buffer.from(manifest.bytes).toString('utf8')));
    return parsed.data?.annotations[REPLACES] ?? null;
  } catch {
    return null;
  }
};

const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value), 'utf8');
