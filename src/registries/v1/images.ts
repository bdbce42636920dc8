import { SextonError } from '../../errors/sexton-error.js';
import type { Digest } from '../../oci/digest.js';
import { readManifestContent, type Manifest } from '../../oci/manifest.js';
import { MEDIA_TYPES } from '../../oci/media-types.js';
import type { UpstreamResponse } from '../upstream/transport.js';
import type { Upstream } from '../upstream/upstream.js';
import { notWhatWasAsked, saysAbsent, unexpectedAnswer } from './errors.js';
import { imagePath } from './paths.js';

/**
 * What stands for a manifest: the image's ancestry, exactly as the registry serves it. It never changes, lists all that
 * a pull needs, and begins with the image's own id, which is all that there is to compare.
 */
export const readImage = async (
  upstream: Upstream,
  image: Digest,
  signal: AbortSignal,
): Promise<Manifest | null> => {
  const { name } = upstream.options;
  const response = await upstream.ask(
    { method: 'GET', path: imagePath(image, 'ancestry'), scope: '', mayRepeat: true },
    signal,
  );
  if (saysAbsent(response, 'Image')) return null;
  if (response.status !== 200) throw unexpectedAnswer(response, name, `the ancestry of ${image}`);
  const content = readManifestContent(response.body, MEDIA_TYPES.v1Ancestry);
  if (content.kind !== 'image') throw notWhatWasAsked(name, `the ancestry of ${image}`);
  if (content.blobs[0]?.digest !== image) {
    throw new SextonError('digest_mismatch', {
      detail: `The ancestry that registry ${name} sent for ${image} is another image's`,
    });
  }
  return { digest: image, mediaType: MEDIA_TYPES.v1Ancestry, bytes: response.body, content };
};

/** The image's own description, as a client wrote it; null when the image is not there. Nothing says its hash. */
export const describeImage = async (
  upstream: Upstream,
  image: Digest,
  signal: AbortSignal,
): Promise<UpstreamResponse | null> => {
  const response = await upstream.ask(
    { method: 'GET', path: imagePath(image, 'json'), scope: '', mayRepeat: true },
    signal,
  );
  if (saysAbsent(response, 'Image')) return null;
  if (response.status === 200) return response;
  throw unexpectedAnswer(response, upstream.options.name, `the description of ${image}`);
};

/**
 * Whether the image's own layer can be pulled whole: read to its end, as long as the registry says it is. There is no
 * hash to trust: those that the registry keeps are of several kinds and ages.
 */
export const canPullLayer = async (
  upstream: Upstream,
  image: Digest,
  signal: AbortSignal,
): Promise<boolean> => {
  const { name } = upstream.options;
  const about = await describeImage(upstream, image, signal);
  const size = about?.header('x-docker-size') ?? null;
  // Left out when the layer is not in its storage (images._get_image_json).
  if (size === null) return false;
  let received = 0;
  const layer = await upstream.ask(
    {
      method: 'GET',
      path: imagePath(image, 'layer'),
      scope: '',
      mayRepeat: true,
      // With storage_redirect the registry answers 302 to its object store.
      mayRedirect: true,
      onBody: () => {
        received = 0;
        return (chunk) => {
          received += chunk.byteLength;
        };
      },
    },
    signal,
  );
  if (saysAbsent(layer, 'Image')) return false;
  if (layer.status !== 200) throw unexpectedAnswer(layer, name, `the layer of ${image}`);
  return received > 0 && received === Number(size);
};
