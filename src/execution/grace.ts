/** How long a target that is under way may take once Sexton was asked to stop. */
const GRACE_MS = 20_000;

/** Aborted some time after `signal`: for what is better finished than cut off. `dispose` when it is not needed. */
export const withGrace = (signal: AbortSignal): { readonly signal: AbortSignal; dispose(): void } => {
  const late = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  const onAbort = (): void => {
    timer = setTimeout(() => late.abort(signal.reason), GRACE_MS);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return {
    signal: late.signal,
    dispose: () => {
      signal.removeEventListener('abort', onAbort);
      if (timer) clearTimeout(timer);
    },
  };
};
