import type { Digest } from '../oci/digest.js';
import type { Tag } from '../oci/names.js';

/**
 * A tag that speaks about another manifest by its name. `fallback`: the referrers tag schema of the OCI distribution
 * spec, `<alg>-<hex>` cut to 64 characters of hex. `cosign`: its older `.sig`, `.att` and `.sbom` on the same stem
 * (FACTS §1.8). A name that is longer or shorter is somebody's ordinary tag.
 */
interface HelperTag {
  readonly kind: 'fallback' | 'cosign';
  readonly stem: string;
}

const HELPER_TAG = /^(sha(?:256|512)-[a-f0-9]{64})(\.sig|\.att|\.sbom)?$/;
const STEM_LENGTH = 'sha256-'.length + 64;

export const helperTag = (tag: Tag): HelperTag | null => {
  const match = HELPER_TAG.exec(tag);
  const stem = match?.[1];
  if (stem === undefined) return null;
  return { kind: match?.[2] === undefined ? 'fallback' : 'cosign', stem };
};

/** How a helper tag about this digest begins. */
export const stemOf = (digest: Digest): string => digest.replace(':', '-').slice(0, STEM_LENGTH);
