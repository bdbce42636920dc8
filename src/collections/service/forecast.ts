import type { Measures } from '../engines/engine-port.js';

export interface Forecast {
  /** Blobs that wait to be collected, as the last look found them. */
  readonly blobs: number;
  readonly estimatedMs: number;
  /** How long the window is open from now or its opening on; null where it never closes. */
  readonly windowMs: number | null;
  readonly fits: boolean;
}

const RUNS = 5;

/** The one in the middle; of two, the slower. */
const median = (values: readonly number[]): number | null =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;

/**
 * Whether what there is to do fits into the window, from how long the last runs took: marking once, and the sweep at
 * their pace. Null while nothing was measured, or it is not known what there is to do.
 */
export const forecast = (
  blobs: number | null,
  measured: readonly Measures[],
  windowMs: number | null,
): Forecast | null => {
  const recent = measured.slice(0, RUNS);
  const surveyMs = median(recent.map((each) => each.surveyMs));
  const msABlob = median(recent.filter((each) => each.blobs > 0).map((each) => each.sweepMs / each.blobs));
  if (blobs === null || surveyMs === null || (msABlob === null && blobs > 0)) return null;
  const estimatedMs = Math.round(surveyMs + blobs * (msABlob ?? 0));
  return { blobs, estimatedMs, windowMs, fits: windowMs === null || estimatedMs <= windowMs };
};
