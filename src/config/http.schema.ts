import { z } from 'zod';
import { httpUrl, urlOrNull } from './config-file.parts.js';
import { durationOfAtLeast } from './duration.js';

/** How Sexton is reached. */
export const httpSchema = z
  .strictObject({
    publicUrl: httpUrl
      .refine((text) => urlOrNull(text)?.pathname === '/' && !/[?#]/.test(text), {
        error: 'must be a scheme and a host, with or without a port',
      })
      .optional()
      .describe('Address that clients use, where a proxy does not pass the Host header on.'),
    trustedProxies: z
      .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))
      .default([])
      .describe('Addresses of reverse proxies whose X-Forwarded-For is believed.'),
    cors: z
      .strictObject({
        origins: z
          .array(
            z.string().refine((text) => urlOrNull(text)?.origin === text, {
              error: 'must be an origin such as https://tools.internal: no path, no wildcard',
            }),
          )
          .default([])
          .describe('Origins whose pages may call the API; none by default.'),
      })
      .prefault({}),
  })
  .prefault({});

/** How often somebody may ask. */
export const rateLimitSchema = z
  .strictObject({
    requests: z.int().min(1).max(1_000_000).default(600).describe('Most requests of one caller.'),
    failedLogins: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(30)
      .describe('Failed log-ins of one address that are answered 401; further ones are 429.'),
    per: durationOfAtLeast(1_000)
      .regex(/(?<!m)s$|m$|h$|d$/, { error: 'must be in whole seconds or more' })
      .default('1m')
      .describe('The window of both.'),
  })
  .prefault({});
