/** Manifest media types that registries still hold (OCI image spec media-types.md; Docker image manifest v2). */
export const MEDIA_TYPES = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  schema1: 'application/vnd.docker.distribution.manifest.v1+json',
  schema1Signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
  ociArtifact: 'application/vnd.oci.artifact.manifest.v1+json',
  /** Our name for what stands for a manifest in the old Python registry: it knows no media types (FACTS §4). */
  v1Ancestry: 'application/vnd.sexton.v1.ancestry+json',
} as const;

/**
 * Every type a resolve must accept. Leaving one out makes registries answer 404, or hand out a platform's child in
 * place of its index (FACTS §1.4); `*` + `/*` is not honoured as a wildcard.
 */
export const ACCEPT_EVERY_MANIFEST = [
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerList,
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.ociArtifact,
  MEDIA_TYPES.schema1Signed,
  MEDIA_TYPES.schema1,
].join(', ');

export const isIndexType = (mediaType: string): boolean =>
  mediaType === MEDIA_TYPES.ociIndex || mediaType === MEDIA_TYPES.dockerList;
