import { z } from 'zod';
import { reasonSchema } from '../deletions/reason.js';
import { registryNameSchema } from '../oci/names.js';

export const createPauseSchema = z
  .strictObject({
    registry: registryNameSchema.optional().describe('Without it every registry is paused.'),
    reason: reasonSchema,
  })
  .meta({ id: 'CreatePause', example: { registry: 'prod', reason: 'moving the storage, OPS-31' } });

export type CreatePause = z.infer<typeof createPauseSchema>;

export const pauseSchema = z
  .object({
    id: z.string(),
    registry: z.string().nullable().describe('null: every registry.'),
    reason: z.string(),
    createdBy: z.object({ id: z.string(), name: z.string() }),
    createdAt: z.iso.datetime(),
  })
  .meta({
    id: 'Pause',
    example: {
      id: 'pause_01JD3M2Q8V4T7X9Y1Z5A6B8C0D',
      registry: 'prod',
      reason: 'moving the storage, OPS-31',
      createdBy: { id: 'key_01JD3KX', name: 'operator' },
      createdAt: '2026-11-23T10:00:00.000Z',
    },
  });

export type PauseView = z.infer<typeof pauseSchema>;

export const pauseListSchema = z
  .object({ items: z.array(pauseSchema), nextCursor: z.null() })
  .meta({ id: 'PauseList', description: 'Those in force, the oldest first.' });
