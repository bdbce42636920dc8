import { z } from 'zod';
import type { Waiting } from './waiting.js';

const stops = [
  z.object({
    for: z.literal('pause'),
    pause: z.string(),
    by: z.object({ id: z.string(), name: z.string() }),
    reason: z.string(),
    since: z.iso.datetime(),
  }),
  z.object({
    for: z.literal('registry').describe('It failed so often in a row that it is left alone for a moment.'),
    message: z.string(),
    since: z.iso.datetime(),
    until: z.iso.datetime(),
  }),
] as const;

/** What all work of a registry waits for. */
export const registryWaitingSchema = z.discriminatedUnion('for', [...stops]).nullable();

/** What one deletion waits for. */
export const waitingSchema = z
  .discriminatedUnion('for', [
    ...stops,
    z.object({
      for: z.literal('window'),
      opensAt: z.iso.datetime().nullable().describe('null: no window opens within a year.'),
    }),
  ])
  .nullable();

export type RegistryWaitingView = z.infer<typeof registryWaitingSchema>;
export type WaitingView = z.infer<typeof waitingSchema>;

export const waitingView = (waiting: Waiting | null): WaitingView => {
  if (waiting?.for === 'window') return { for: 'window', opensAt: waiting.opensAt?.toISOString() ?? null };
  return registryWaitingView(waiting);
};

export const registryWaitingView = (waiting: Waiting | null): RegistryWaitingView => {
  switch (waiting?.for) {
    case 'pause':
      return { ...waiting, by: { ...waiting.by }, since: waiting.since.toISOString() };
    case 'registry':
      return { ...waiting, since: waiting.since.toISOString(), until: waiting.until.toISOString() };
    case 'window':
    case undefined:
      return null;
  }
};
