import { z } from 'zod';
import { API_KEY_PATTERN } from '../identity/api-key.js';
import { parseRedisUrl } from '../queue/redis-url.js';
import { urlOrNull } from './config-file.parts.js';
import { LOG_LEVELS } from './config.js';

const isUrlOf = (protocols: readonly string[]) => (text: string) =>
  protocols.includes(urlOrNull(text)?.protocol ?? '');

/** The environment variables that Sexton reads. No message repeats a value: most of them may be secret. */
export const environmentSchema = z.object({
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a port, 0 to 65535')
    .transform(Number)
    .refine((port) => port <= 65_535, { error: 'must be a port, 0 to 65535' })
    .default(8080),
  HOST: z.string().regex(/^\S+$/, 'must be an address or a host name').default('0.0.0.0'),
  SEXTON_CONFIG: z.string().optional(),
  SEXTON_DATA_DIR: z.string().default('.sexton'),
  SEXTON_ADMIN_KEY: z
    .string()
    .regex(API_KEY_PATTERN, 'must be sxt_ and 32 to 128 of letters, digits, "_" and "-"')
    .optional(),
  DATABASE_URL: z
    .string()
    .refine(isUrlOf(['postgres:', 'postgresql:']), { error: 'must be a postgres:// URL' })
    .optional(),
  REDIS_URL: z
    .string()
    .refine((text) => parseRedisUrl(text) !== null, {
      error: 'must be a redis://, redis+sentinel:// or redis+cluster:// URL, or one of these with rediss',
    })
    .optional(),
  SEXTON_LOG_LEVEL: z.enum(LOG_LEVELS).optional(),
});
