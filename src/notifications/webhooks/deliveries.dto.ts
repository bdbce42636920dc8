import { z } from 'zod';
import { ATTEMPT_FAULTS } from './verdict.js';
import { DELIVERY_STATES } from './webhooks.tables.js';

const timestamp = z.iso.datetime().nullable();

export const deliverySchema = z
  .object({
    id: z.string().describe('What the receiver sees as webhook-id.'),
    webhook: z.string(),
    type: z.string(),
    event: z
      .object({ sequence: z.number().int() })
      .describe('The audit event that it is about, by its place in the hash chain.'),
    state: z.enum(DELIVERY_STATES).describe('dead: given up after the last try, or after a 410.'),
    attempts: z.number().int().describe('Since it was made, or sent again by request.'),
    createdAt: z.iso.datetime(),
    nextAttemptAt: timestamp,
    lastAttemptAt: timestamp,
    lastStatus: z.number().int().nullable().describe('HTTP status of the last answer; null where none came.'),
    lastFault: z
      .object({ code: z.string().describe(Object.keys(ATTEMPT_FAULTS).join(', ')), message: z.string() })
      .nullable(),
    finishedAt: timestamp,
  })
  .meta({
    id: 'WebhookDelivery',
    description: 'What the receiver answered beside its status is not kept.',
    example: {
      id: 'msg_01JD3M2Q8V4T7X9Y1Z5A6B8C0D',
      webhook: 'whk_01JD3M2Q8V4T7X9Y1Z5A6B8C0D',
      type: 'deletion.failed',
      event: { sequence: 4711 },
      state: 'dead',
      attempts: 15,
      createdAt: '2026-11-23T10:00:00.000Z',
      nextAttemptAt: null,
      lastAttemptAt: '2026-11-24T09:12:00.000Z',
      lastStatus: 503,
      lastFault: { code: 'status', message: ATTEMPT_FAULTS.status },
      finishedAt: '2026-11-24T09:12:00.000Z',
    },
  });

export type DeliveryView = z.infer<typeof deliverySchema>;

export const listDeliveriesSchema = z.strictObject({
  state: z.enum(DELIVERY_STATES).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional().describe('nextCursor of the page before.'),
});

export type ListDeliveries = z.infer<typeof listDeliveriesSchema>;

export const deliveryListSchema = z
  .object({ items: z.array(deliverySchema), nextCursor: z.string().nullable() })
  .meta({ id: 'WebhookDeliveryList', description: 'Newest first; of the last 30 days.' });

export type DeliveryListView = z.infer<typeof deliveryListSchema>;
