import type { WindowRules } from '../collections/windows/rules.js';
import { isOpen, nextOpening } from '../collections/windows/open.js';

/** What accepted work waits for. */
export type Waiting =
  | {
      readonly for: 'pause';
      readonly pause: string;
      readonly by: { readonly id: string; readonly name: string };
      readonly reason: string;
      readonly since: Date;
    }
  | { readonly for: 'registry'; readonly message: string; readonly since: Date; readonly until: Date }
  | { readonly for: 'window'; readonly opensAt: Date | null };

/** A pause that is in force; of every registry where it names none. */
export interface Pause {
  readonly id: string;
  readonly registry: string | null;
  readonly by: { readonly id: string; readonly name: string };
  readonly reason: string;
  readonly since: Date;
}

/** A registry that is left alone for a moment. */
export interface Parking {
  readonly registry: string;
  readonly message: string;
  readonly since: Date;
  readonly until: Date;
}

/** Everything that may hold up work at one moment: pauses in force, and registries that are parked. */
export interface Stops {
  readonly atMs: number;
  readonly pauses: readonly Pause[];
  readonly parkings: readonly Parking[];
}

/** What a pause of the registry says; of several the oldest. */
export const pausedFor = ({ pauses }: Stops, registry: string): Waiting | null => {
  const pause = pauses.find((one) => one.registry === null || one.registry === registry);
  if (!pause) return null;
  const { id, by, reason, since } = pause;
  return { for: 'pause', pause: id, by, reason, since };
};

/** What the registry being left alone says. */
export const parkedFor = ({ parkings }: Stops, registry: string): Waiting | null => {
  const parking = parkings.find((one) => one.registry === registry);
  if (!parking) return null;
  const { message, since, until } = parking;
  return { for: 'registry', message, since, until };
};

/** What all work of a registry waits for. */
export const registryWaitsFor = (stops: Stops, registry: string): Waiting | null =>
  pausedFor(stops, registry) ?? parkedFor(stops, registry);

/** What a deletion that is to run in a window waits for; a registry without windows never lets it run. */
export const windowWaitsFor = (rules: WindowRules | null, atMs: number): Waiting | null => {
  if (rules === null) return { for: 'window', opensAt: null };
  if (isOpen(rules, atMs)) return null;
  const opens = nextOpening(rules, atMs);
  return { for: 'window', opensAt: opens === null ? null : new Date(opens) };
};
