import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** `sxt_` and at least 32 characters that need no escaping anywhere. */
export const API_KEY_PATTERN = /^sxt_[A-Za-z0-9_-]{32,128}$/;

/** A new secret: 256 random bits. */
export const generateApiKey = (): string => `sxt_${randomBytes(32).toString('base64url')}`;

/** A key has 256 random bits, so one round of SHA-256 keeps it as safe as a slow hash would. */
export const hashApiKey = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Enough to tell keys apart, too little to guess one. */
export const prefixOf = (secret: string): string => secret.slice(0, 10);

export const sameHash = (a: string, b: string): boolean => {
  const left = Buffer.from(a, 'hex');
  const right = Buffer.from(b, 'hex');
  return left.length === right.length && timingSafeEqual(left, right);
};
