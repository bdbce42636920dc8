import { z } from 'zod';

export const healthSchema = z
  .object({ status: z.literal('ok') })
  .meta({ id: 'Health', example: { status: 'ok' } });

const checkSchema = z.object({
  name: z.string(),
  status: z.enum(['ok', 'failing']),
  required: z.boolean().describe('false: shown, but does not decide.'),
  durationMs: z.number().int(),
  code: z.string().nullable().describe('Why it fails, such as ECONNREFUSED; the log says more.'),
});

export const readinessSchema = z
  .object({ status: z.enum(['ready', 'not_ready']), checks: z.array(checkSchema) })
  .meta({
    id: 'Readiness',
    example: {
      status: 'ready',
      checks: [{ name: 'database', status: 'ok', required: true, durationMs: 1, code: null }],
    },
  });

export type Health = z.infer<typeof healthSchema>;
export type ReadinessView = z.infer<typeof readinessSchema>;
