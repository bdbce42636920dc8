import { z } from 'zod';
import { MEDIA_TYPES } from '../../oci/media-types.js';
import { parseJson } from '../upstream/json.js';

/** What tells one type of manifest from another; the files do not say it elsewhere. */
const manifestSchema = z.looseObject({
  schemaVersion: z.number().optional(),
  mediaType: z.string().optional(),
  manifests: z.array(z.unknown()).optional(),
  layers: z.array(z.unknown()).optional(),
  fsLayers: z.array(z.unknown()).optional(),
});

/** Nothing can be concluded from a manifest of this type. */
const UNKNOWN = 'application/octet-stream';

/**
 * The media type by which the registry serves such bytes (distribution v2:registry/storage/manifeststore.go,
 * manifest/ocischema): the one that they name, and OCI's where they name none. What could be both an image and an index
 * is neither (CVE-2021-41190).
 */
export const mediaTypeOf = (bytes: Uint8Array): string => {
  const parsed = manifestSchema.safeParse(parseJson(Buffer.from(bytes)));
  if (!parsed.success) return UNKNOWN;
  const { schemaVersion, mediaType = '', manifests, layers, fsLayers } = parsed.data;
  if ([manifests, layers, fsLayers].filter((list) => list !== undefined).length > 1) return UNKNOWN;
  if (mediaType !== '') return mediaType;
  if (fsLayers !== undefined) return schemaVersion === 1 ? MEDIA_TYPES.schema1 : UNKNOWN;
  if (manifests !== undefined) return MEDIA_TYPES.ociIndex;
  return layers === undefined ? UNKNOWN : MEDIA_TYPES.ociManifest;
};
