import { z } from 'zod';
import { ENGINE_KINDS } from '../collection-options.js';
import { WEEKDAYS } from '../windows/rules.js';

const timestamp = z.iso.datetime().nullable();
const clock = z.string().describe('On the wall clock of the time zone.');

const registryWindowsSchema = z
  .object({
    registry: z.string(),
    engine: z.enum(ENGINE_KINDS),
    windows: z.array(
      z.object({ days: z.array(z.enum(WEEKDAYS)), start: clock, end: clock, timezone: z.string() }),
    ),
    blackouts: z.array(z.object({ from: z.iso.date(), until: z.iso.date() })),
    isOpen: z.boolean(),
    opensAt: timestamp.describe(
      'The next opening; null while one is open, and where none comes within a year.',
    ),
    closesAt: timestamp.describe('Of the window that is open, or else of the next.'),
    waiting: z.number().int().describe('Collections that wait for a window.'),
    forecast: z
      .object({
        blobs: z.number().int().describe('What there is to collect, as the last look found it.'),
        estimatedSeconds: z.number(),
        windowSeconds: z.number().nullable().describe('null: the window never closes.'),
        fits: z.boolean(),
      })
      .nullable()
      .describe('Whether it fits into this or the next window; null until a collection was measured.'),
  })
  .meta({ id: 'RegistryWindows' });

export type RegistryWindowsView = z.infer<typeof registryWindowsSchema>;

export const windowsListSchema = z
  .object({ items: z.array(registryWindowsSchema), nextCursor: z.null() })
  .meta({
    id: 'RegistryWindowsList',
    example: {
      items: [
        {
          registry: 'prod',
          engine: 'sexton',
          windows: [{ days: ['sat', 'sun'], start: '02:00', end: '06:00', timezone: 'Asia/Shanghai' }],
          blackouts: [{ from: '2026-12-24', until: '2026-12-26' }],
          isOpen: false,
          opensAt: '2026-11-27T18:00:00.000Z',
          closesAt: '2026-11-27T22:00:00.000Z',
          waiting: 1,
          forecast: { blobs: 5000, estimatedSeconds: 410, windowSeconds: 14400, fits: true },
        },
      ],
      nextCursor: null,
    },
  });
