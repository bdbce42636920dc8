import { createHash } from 'node:crypto';
import { z } from 'zod';

/**
 * A content digest, `algorithm:encoded`, as the OCI image spec's descriptor.md "Digests" writes it. Only the two
 * registered algorithms are accepted, with their exact lengths, so that a truncated digest is never taken for a tag.
 */
export const digestSchema = z
  .string()
  .regex(/^(sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/, 'must be sha256:<64 hex> or sha512:<128 hex>')
  .brand<'Digest'>();

export type Digest = z.infer<typeof digestSchema>;

export const parseDigest = (text: string): Digest => digestSchema.parse(text);

/** The digest if `text` is one, else null; never throws. */
export const digestOrNull = (text: unknown): Digest | null => {
  const parsed = digestSchema.safeParse(text);
  return parsed.success ? parsed.data : null;
};

/** Digest of `bytes` with `algorithm` (default sha256). */
export const digestOf = (bytes: Uint8Array, algorithm: 'sha256' | 'sha512' = 'sha256'): Digest =>
  parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`);

/** True when `bytes` hash to `digest`, with the digest's own algorithm. */
export const bytesMatch = (digest: Digest, bytes: Uint8Array): boolean =>
  digestOf(bytes, digest.startsWith('sha512:') ? 'sha512' : 'sha256') === digest;
