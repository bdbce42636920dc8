import { z } from 'zod';
import { ENGINE_KINDS } from '../collections/collection-options.js';
import { WEEKDAYS } from '../collections/windows/rules.js';
import { isTimeZone } from '../collections/windows/wall-clock.js';
import { durationOfAtLeast, durationSchema, longDurationSchema } from './duration.js';

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'must be a time such as 02:00' });
const endClock = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, { error: 'must be a time such as 06:00, at most 24:00' });
const timezone = z
  .string()
  .refine(isTimeZone, { error: 'must be the name of a time zone such as Europe/Berlin or UTC' });
const date = z.iso.date({ error: 'must be a date such as 2026-12-24' });

const windowSchema = z
  .strictObject({
    days: z.array(z.enum(WEEKDAYS)).min(1).describe('Days on which it begins.'),
    start: clock.describe('On the wall clock of its time zone.'),
    end: endClock.describe('Not in it any more; before start, it is a time of the next day.'),
    timezone: timezone.optional().describe("Instead of the collection's."),
  })
  .refine(({ start, end }) => start !== end, {
    path: ['end'],
    error: 'must not be the start; a whole day is 00:00 to 24:00',
  });

const blackoutSchema = z.union([
  date,
  z.strictObject({ from: date, until: date }).refine(({ from, until }) => from <= until, {
    path: ['until'],
    error: 'must not be before from',
  }),
]);

const argumentList = z
  .array(z.string().min(1))
  .min(1)
  .describe('Program and arguments; no shell reads them.');

const commandSchema = z.strictObject({
  garbageCollect: argumentList.describe(
    "The registry's own, such as [registry, garbage-collect, /etc/registry/config.yml]; flags are added.",
  ),
  version: argumentList.optional().describe('Prints the version; by default the program with --version.'),
  before: z.array(argumentList).default([]).describe('Stop the registry or make it read-only.'),
  after: z.array(argumentList).default([]).describe('Bring it back; run whatever happened.'),
  afterwards: z.array(argumentList).default([]).describe('Flush the caches that it kept.'),
  proofTimeout: durationSchema
    .default('30s')
    .describe('How long the registry may take to prove that it takes no pushes.'),
  commandTimeout: durationSchema
    .default('5m')
    .describe('The longest that before, after, afterwards may take.'),
});

/** `collection` of a registry: what gives its space back, and when. */
export const collectionSchema = z
  .strictObject({
    engine: z.enum(ENGINE_KINDS).describe('What collects.'),
    timezone: timezone.default('UTC').describe('Of windows that name none.'),
    windows: z
      .array(windowSchema)
      .max(50)
      .default([])
      .describe('Weekly; without any, only `when: now` runs.'),
    blackouts: z.array(blackoutSchema).max(200).default([]).describe('Whole days without a window.'),
    automatic: z.boolean().default(true).describe('One in every window, without anybody asking.'),
    grace: longDurationSchema.default('2h').describe('Younger blobs may belong to a push under way.'),
    retention: longDurationSchema.default('7d').describe('How long collected blobs wait in quarantine.'),
    untagged: z.enum(['keep', 'collect']).default('keep').describe('Manifests without a tag.'),
    untaggedMinAge: longDurationSchema.default('7d').describe('Younger manifests without a tag stay.'),
    threads: z.int().min(0).max(16).default(2).describe('That read the storage, with engine: sexton.'),
    ioLimit: z
      .int()
      .min(1)
      .max(10_000_000)
      .optional()
      .describe('Operations on the files a second; one thread then reads them.'),
    batchSize: z.int().min(1).max(10_000).default(200).describe('Blobs in a batch.'),
    healEvery: durationOfAtLeast(100)
      .default('3m')
      .describe('How often what a quarantine holds is compared with what is needed.'),
    pollEvery: durationOfAtLeast(10).default('5s').describe('How often a job elsewhere is looked at.'),
    command: commandSchema.optional().describe('For engine: command.'),
    dtr: z
      .strictObject({ action: z.enum(['onlinegc', 'gc']).default('onlinegc') })
      .prefault({})
      .describe('gc makes the registry read-only while it runs.'),
    harbor: z.strictObject({ workers: z.int().min(1).max(10).default(1) }).prefault({}),
  })
  .refine(({ engine, command }) => engine !== 'command' || command !== undefined, {
    path: ['command'],
    error: 'is required with engine: command',
  });

export type CollectionEntry = z.infer<typeof collectionSchema>;
