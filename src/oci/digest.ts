import { createHash } from 'node:crypto';
import { z } from 'zod';

const CONTENT = 'sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}';
/** The old Python registry's image ids have 64 hex digits, its very first ones 16. */
const IMAGE_ID = '[a-f0-9]{64}|[a-f0-9]{16}';
const V1_ID = 'v1id:';

/**
 * A content digest, `algorithm:encoded`, as the OCI image spec's descriptor.md "Digests" writes it. Only the two
 * registered algorithms are accepted, with their exact lengths, so that a truncated digest is never taken for a tag.
 */
export const contentDigestSchema = z
  .string()
  .regex(new RegExp(`^(${CONTENT})$`), 'must be sha256:<64 hex> or sha512:<128 hex>')
  .brand<'Digest'>();

/**
 * What a tag can point at: a content digest, or `v1id:<id>`, an image of the old Python registry. Such an id is random
 * or made by the client: it is the hash of nothing, so it has an algorithm part of its own, which the spec allows.
 */
export const digestSchema = z
  .string()
  .regex(
    new RegExp(`^(${CONTENT}|${V1_ID}(${IMAGE_ID}))$`),
    'must be sha256:<64 hex>, sha512:<128 hex> or v1id:<image id>',
  )
  .brand<'Digest'>();

export type Digest = z.infer<typeof digestSchema>;

export const parseDigest = (text: string): Digest => digestSchema.parse(text);

/** The content digest if `text` is one, else null; never throws. */
export const digestOrNull = (text: unknown): Digest | null => {
  const parsed = contentDigestSchema.safeParse(text);
  return parsed.success ? parsed.data : null;
};

/** An image id of the old Python registry, read as what it is. */
export const v1ImageIdSchema = z
  .string()
  .regex(new RegExp(`^(${IMAGE_ID})$`), 'must be an image id of 64 hex digits')
  .transform((id) => parseDigest(`${V1_ID}${id}`));

/** Whether it is the hash of what it names. */
export const isContentDigest = (digest: Digest): boolean => digestOrNull(digest) !== null;

/** The image id in `v1id:<id>`; null for a content digest, or a tag. */
export const v1ImageIdOf = (reference: string): string | null =>
  reference.startsWith(V1_ID) ? reference.slice(V1_ID.length) : null;

/** Digest of `bytes` with `algorithm` (default sha256). */
export const digestOf = (bytes: Uint8Array, algorithm: 'sha256' | 'sha512' = 'sha256'): Digest =>
  parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`);

/** True when `bytes` hash to `digest`, with the digest's own algorithm. */
export const bytesMatch = (digest: Digest, bytes: Uint8Array): boolean =>
  digestOf(bytes, digest.startsWith('sha512:') ? 'sha512' : 'sha256') === digest;
