import { digestOrNull, type Digest } from '../oci/digest.js';
import type { Tag } from '../oci/names.js';

/**
 * Tags that speak about another manifest by their name: the referrers tag schema of the OCI distribution spec
 * (`<alg>-<hex>`, cut to 32 and 64 characters) and cosign's older `.sig`, `.att`, `.sbom`.
 */
const HELPER_TAG = /^(sha256|sha512)-([a-f0-9]{64})[a-f0-9]*(\.sig|\.att|\.sbom)?$/;

/** The digests among `candidates` that a helper tag speaks about; sha512 names are cut, so the start must match. */
export const subjectOfHelperTag = (tag: Tag, candidates: ReadonlySet<Digest>): Digest | null => {
  const match = HELPER_TAG.exec(tag);
  if (!match) return null;
  const [, algorithm, hex] = match;
  const whole = digestOrNull(`${algorithm}:${hex}`);
  if (whole) return candidates.has(whole) ? whole : null;
  return [...candidates].find((digest) => digest.startsWith(`${algorithm}:${hex}`)) ?? null;
};
