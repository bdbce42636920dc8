import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** A signing secret in the form of Standard Webhooks: `whsec_` and 256 random bits in base64. */
export const generateSecret = (): string => PREFIX + randomBytes(SECRET_BYTES).toString('base64');

export interface SignedMessage {
  /** The same at every attempt: receivers know by it what they have already. */
  readonly id: string;
  /** Seconds since 1970, of this attempt: receivers refuse old ones, so that none can be replayed. */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * Headers of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`, one signature
 * for each secret, so that a receiver that still has the old one goes on working while a secret is rotated.
 */
export const signedHeaders = (
  { id, timestamp, body }: SignedMessage,
  secrets: readonly string[],
): Readonly<Record<string, string>> => ({
  'webhook-id': id,
  'webhook-timestamp': String(timestamp),
  'webhook-signature': secrets
    .map((secret) => {
      const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
      return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
    })
    .join(' '),
});
