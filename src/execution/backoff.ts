/**
 * When to try again: exponential from `baseMs` to `maxMs` with jitter over its upper half, so that what failed together does not
 * return together; never before what the registry asked for. `random` is in [0, 1).
 */
export const nextAttemptAt = (
  attempt: number,
  now: Date,
  limits: { readonly retryBaseMs: number; readonly retryMaxMs: number },
  askedForMs: number | null,
  random: number,
): Date => {
  const ceiling = Math.min(limits.retryMaxMs, limits.retryBaseMs * 2 ** Math.max(0, attempt - 1));
  const waitMs = Math.max(askedForMs ?? 0, ceiling * (0.5 + random / 2));
  return new Date(now.getTime() + waitMs);
};
