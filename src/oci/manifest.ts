import { z } from 'zod';
import { contentDigestSchema, v1ImageIdSchema, type Digest } from './digest.js';
import { isIndexType, MEDIA_TYPES } from './media-types.js';

/** OCI image spec descriptor.md; only what Sexton reads. */
const descriptorSchema = z.object({
  mediaType: z.string().optional(),
  digest: contentDigestSchema,
  size: z.number().int().nonnegative().default(0),
  artifactType: z.string().optional(),
});

/** OCI image-manifest.md and Docker schema2: config, layers, optional subject. */
const imageSchema = z.object({
  mediaType: z.string().optional(),
  config: descriptorSchema.optional(),
  layers: z.array(descriptorSchema).optional(),
  blobs: z.array(descriptorSchema).optional(),
  subject: descriptorSchema.optional(),
});

/** OCI image-index.md and Docker manifest list. */
const indexSchema = z.object({
  mediaType: z.string().optional(),
  manifests: z.array(descriptorSchema),
  subject: descriptorSchema.optional(),
});

/** Docker image manifest version 2 schema 1. */
const schema1Schema = z.object({
  fsLayers: z.array(z.object({ blobSum: contentDigestSchema })),
});

/** An image's ancestry in the old Python registry: its own id, then its parents' (FACTS §4). */
const v1AncestrySchema = z.array(v1ImageIdSchema).min(1);

export interface Descriptor {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
}

/**
 * What a manifest refers to. `opaque` is a manifest that Sexton cannot read: nothing may be concluded from it, so
 * planning never treats its possible references as absent.
 */
export type ManifestContent =
  | { readonly kind: 'image'; readonly blobs: readonly Descriptor[]; readonly subject: Digest | null }
  | { readonly kind: 'index'; readonly children: readonly Descriptor[]; readonly subject: Digest | null }
  | { readonly kind: 'opaque' };

/** A manifest as the registry serves it: the exact bytes, and what they say. */
export interface Manifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly content: ManifestContent;
}

const descriptor = (d: z.infer<typeof descriptorSchema>): Descriptor => ({
  digest: d.digest,
  mediaType: d.mediaType ?? 'application/octet-stream',
  sizeBytes: d.size,
});

const parseJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
};

/** Reads what a manifest refers to; never throws, what cannot be read is `opaque`. */
export const readManifestContent = (bytes: Uint8Array, mediaType: string): ManifestContent => {
  const json = parseJson(bytes);
  if (isIndexType(mediaType)) {
    const index = indexSchema.safeParse(json);
    if (!index.success) return { kind: 'opaque' };
    return {
      kind: 'index',
      children: index.data.manifests.map(descriptor),
      subject: index.data.subject?.digest ?? null,
    };
  }
  if (mediaType === MEDIA_TYPES.v1Ancestry) {
    const ancestry = v1AncestrySchema.safeParse(json);
    if (!ancestry.success) return { kind: 'opaque' };
    const blobs = ancestry.data.map((digest) => ({ digest, mediaType: 'application/x-tar', sizeBytes: 0 }));
    return { kind: 'image', blobs, subject: null };
  }
  if (mediaType === MEDIA_TYPES.schema1 || mediaType === MEDIA_TYPES.schema1Signed) {
    const schema1 = schema1Schema.safeParse(json);
    if (!schema1.success) return { kind: 'opaque' };
    const blobs = schema1.data.fsLayers.map((l) => ({
      digest: l.blobSum,
      mediaType: 'application/octet-stream',
      sizeBytes: 0,
    }));
    return { kind: 'image', blobs, subject: null };
  }
  if (
    mediaType === MEDIA_TYPES.ociManifest ||
    mediaType === MEDIA_TYPES.dockerManifest ||
    mediaType === MEDIA_TYPES.ociArtifact
  ) {
    const image = imageSchema.safeParse(json);
    if (!image.success) return { kind: 'opaque' };
    const { config, layers = [], blobs = [], subject } = image.data;
    return {
      kind: 'image',
      blobs: [...(config ? [config] : []), ...layers, ...blobs].map(descriptor),
      subject: subject?.digest ?? null,
    };
  }
  return { kind: 'opaque' };
};
