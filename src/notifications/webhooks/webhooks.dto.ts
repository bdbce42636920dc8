import { z } from 'zod';
import { plainLine } from '../../http/plain-text.js';
import { NOTICE_TYPES } from '../notice.js';
import { placeSchema } from '../places.js';
import { webhookUrlSchema } from '../target/webhook-url.js';

const name = plainLine(z.string().trim().min(1).max(100)).describe('Who is told; shown in the audit log.');
const url = webhookUrlSchema.describe(
  'Where notices are sent. It must lead to public addresses only, unless sexton.yaml allows others.',
);
const events = z
  .array(z.enum(NOTICE_TYPES))
  .min(1)
  .max(100)
  .transform((types) => [...new Set(types)])
  .describe('What to tell about. A CloudEvent has the same type with sexton. before it.');
const repositories = z
  .array(placeSchema)
  .min(1)
  .max(100)
  .describe(
    'Where: <registry>/<repository>, such as prod/team-a/**. What concerns a registry as a whole is told to prod/** only, what concerns all to */** only.',
  );
const enabled = z.boolean().describe('false: nothing is sent, and what happens meanwhile is never sent.');

/** Request of `POST /v1/webhooks`. */
export const createWebhookSchema = z
  .strictObject({
    name,
    url,
    events,
    repositories: repositories.default(['*/**']),
    enabled: enabled.default(true),
  })
  .meta({
    id: 'CreateWebhook',
    example: {
      name: 'team-a chat',
      url: 'https://hooks.example.com/sexton',
      events: ['deletion.awaiting_approval', 'deletion.failed'],
      repositories: ['prod/team-a/**'],
    },
  });

export type CreateWebhook = z.infer<typeof createWebhookSchema>;

/** Request of `PATCH /v1/webhooks/{id}`: what is left out stays. */
export const changeWebhookSchema = z
  .strictObject({ name, url, events, repositories, enabled })
  .partial()
  .refine((change) => Object.values(change).some((value) => value !== undefined), {
    error: 'must change something',
  })
  .meta({ id: 'ChangeWebhook', example: { enabled: false } });

export type ChangeWebhook = z.infer<typeof changeWebhookSchema>;

const EXAMPLE = {
  id: 'whk_01JD3M2Q8V4T7X9Y1Z5A6B8C0D',
  name: 'team-a chat',
  url: 'https://hooks.example.com/sexton',
  events: ['deletion.awaiting_approval', 'deletion.failed'],
  repositories: ['prod/team-a/**'],
  enabled: true,
  disabledAt: null,
  disabledBecause: null,
  previousSecretUntil: null,
  createdAt: '2026-11-23T10:00:00.000Z',
  createdBy: { id: 'key_01JD3KX', name: 'an administrator' },
};

const timestamp = z.iso.datetime().nullable();

export const webhookSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    url: z.string(),
    events: z.array(z.string()),
    repositories: z.array(z.string()),
    enabled: z.boolean(),
    disabledAt: timestamp,
    disabledBecause: z.enum(['request', 'gone']).nullable().describe('gone: the receiver answered 410.'),
    previousSecretUntil: timestamp.describe('Until when the secret before the last rotation signs too.'),
    createdAt: z.iso.datetime(),
    createdBy: z.object({ id: z.string(), name: z.string() }),
  })
  .meta({ id: 'Webhook', example: EXAMPLE });

export type WebhookView = z.infer<typeof webhookSchema>;

export const webhookWithSecretSchema = webhookSchema
  .extend({ secret: z.string().describe('What notices are signed with; shown this once.') })
  .meta({ id: 'WebhookWithSecret', example: { ...EXAMPLE, secret: 'whsec_…' } });

export type WebhookWithSecret = z.infer<typeof webhookWithSecretSchema>;

export const listWebhooksSchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional().describe('nextCursor of the page before.'),
});

export type ListWebhooks = z.infer<typeof listWebhooksSchema>;

export const webhookListSchema = z
  .object({ items: z.array(webhookSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'WebhookList', description: 'Newest first.' });

export type WebhookListView = z.infer<typeof webhookListSchema>;
