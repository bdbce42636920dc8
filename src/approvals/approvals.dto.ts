import { z } from 'zod';
import { reasonSchema } from '../deletions/reason.js';

export const decideSchema = z
  .strictObject({
    reason: reasonSchema,
    planHash: z
      .string()
      .max(100)
      .optional()
      .describe('plan.hash of what was read: `plan_stale` where the deletion has another plan.'),
  })
  .meta({ id: 'Decide', example: { reason: 'checked with the release team' } });

export type Decide = z.infer<typeof decideSchema>;
