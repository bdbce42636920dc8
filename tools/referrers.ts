import { pushBlob, type PushTo } from './blobs.js';
import { descriptorOf, putManifest, type PushedManifest } from './images.js';

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
/** OCI image spec, "Guidance for an empty descriptor". */
const EMPTY = { mediaType: 'application/vnd.oci.empty.v1+json', bytes: Buffer.from('{}') };

/** `sha256:<hex>` as tags spell it. */
const asTag = ({ digest }: PushedManifest): string => digest.replace(':', '-');

const pushArtifact = async (
  to: PushTo,
  parts: {
    readonly artifactType?: string;
    readonly layerType: string;
    readonly content: string;
    readonly subject?: PushedManifest;
  },
  tags: readonly string[] = [],
): Promise<PushedManifest> => {
  const [config, layer] = await Promise.all([
    pushBlob(to, EMPTY.bytes),
    pushBlob(to, Buffer.from(parts.content)),
  ]);
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    ...(parts.artifactType && { artifactType: parts.artifactType }),
    config: { mediaType: EMPTY.mediaType, ...config },
    layers: [{ mediaType: parts.layerType, ...layer }],
    ...(parts.subject && { subject: descriptorOf(parts.subject) }),
  };
  return putManifest(to, { bytes: Buffer.from(JSON.stringify(manifest)), mediaType: OCI_MANIFEST }, tags);
};

/** Pushes an artifact, such as an SBOM, that names `subject`; without a tag. */
export const pushReferrer = (
  to: PushTo,
  subject: PushedManifest,
  options: { readonly artifactType?: string; readonly content?: string } = {},
): Promise<PushedManifest> =>
  pushArtifact(to, {
    artifactType: options.artifactType ?? 'application/spdx+json',
    layerType: 'text/spdx+json',
    content: options.content ?? '{"spdxVersion":"SPDX-2.3"}',
    subject,
  });

/**
 * Pushes the tag that lists referrers on a registry without a referrers API: an index `sha256-<hex>` (OCI
 * distribution spec, "Referrers Tag Schema"), as clients do after pushing each referrer.
 */
export const pushReferrersTag = (
  to: PushTo,
  subject: PushedManifest,
  referrers: readonly PushedManifest[],
): Promise<PushedManifest> => {
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: referrers.map(descriptorOf) };
  const bytes = Buffer.from(JSON.stringify(index));
  return putManifest(to, { bytes, mediaType: OCI_INDEX }, [asTag(subject)]);
};

/** Pushes what `cosign sign`, `attest` and `attach sbom` leave: a tag `sha256-<hex>.sig`, `.att` or `.sbom`. */
export const pushCosignTag = (
  to: PushTo,
  signed: PushedManifest,
  suffix: 'sig' | 'att' | 'sbom' = 'sig',
): Promise<PushedManifest> =>
  pushArtifact(
    to,
    {
      layerType: 'application/vnd.dev.cosign.simplesigning.v1+json',
      content: JSON.stringify({ critical: { image: { 'docker-manifest-digest': signed.digest }, suffix } }),
    },
    [`${asTag(signed)}.${suffix}`],
  );
