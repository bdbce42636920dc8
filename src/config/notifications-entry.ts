import { z } from 'zod';
import { parseAllowed, rulesOf } from '../notifications/target/address-rules.js';
import type { WebhookOptions } from '../notifications/webhook-options.js';
import { durationOfAtLeast, durationSchema, parseDuration } from './duration.js';
import { ms, type EntrySources } from './registry-entry.js';
import { readAuthorities } from './secret-files.js';

/** What sexton.yaml says about notices. */
export const notificationsSchema = z.strictObject({
  webhooks: z
    .strictObject({
      allow: z
        .array(
          z.string().refine((text) => parseAllowed(text) !== null, {
            error: 'must be a host name in lower case, an address, or a range such as 10.1.0.0/16',
          }),
        )
        .default([])
        .describe('Hosts, addresses and ranges that webhooks may lead to although they are not public.'),
      attempts: z.int().min(1).max(50).default(15).describe('Tries of one notice before it is given up.'),
      retryBase: durationSchema.default('10s').describe('Wait before the second try; it doubles.'),
      retryMax: durationSchema.default('6h').describe('Longest wait before any try.'),
      timeout: durationOfAtLeast(100)
        .refine((text) => (parseDuration(text) ?? 0) <= 60_000, { error: 'must be at most 60s' })
        .default('10s')
        .describe('From connecting to the answer.'),
      tls: z
        .strictObject({ caFile: z.string().min(1).describe('PEM of the authorities to trust.') })
        .optional(),
    })
    .refine(({ retryBase, retryMax }) => ms(retryMax) >= ms(retryBase), {
      path: ['retryMax'],
      error: 'must not be below retryBase',
    })
    .prefault({}),
});

/** What webhooks need of their section, with the file that it names. */
export const webhookOptionsOf = (
  { webhooks }: z.infer<typeof notificationsSchema>,
  { readFile, faults }: EntrySources,
): WebhookOptions => {
  const path = 'notifications.webhooks.tls.caFile';
  return {
    allowed: rulesOf(webhooks.allow),
    attempts: webhooks.attempts,
    retryBaseMs: ms(webhooks.retryBase),
    retryMaxMs: ms(webhooks.retryMax),
    timeoutMs: ms(webhooks.timeout),
    tlsCa: webhooks.tls
      ? readAuthorities(readFile, webhooks.tls.caFile, (message) => void faults.push({ path, message }))
      : null,
  };
};
