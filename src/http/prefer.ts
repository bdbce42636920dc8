const DEFAULT_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 60_000;

/**
 * Milliseconds that the client is willing to wait for more than a 202, of `Prefer` (RFC 7240). What is not understood
 * is ignored, as the RFC demands.
 */
export const waitOf = (prefer: string | undefined): number => {
  const preferences = (prefer ?? '').split(',').map((part) => part.trim().toLowerCase());
  for (const preference of preferences) {
    if (preference === 'respond-async') return 0;
    const seconds = /^wait\s*=\s*"?(\d{1,6})"?$/.exec(preference)?.[1];
    if (seconds !== undefined) return Math.min(Number(seconds) * 1000, LONGEST_WAIT_MS);
  }
  return DEFAULT_WAIT_MS;
};
