import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export type Asked<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly error: unknown }
  | { readonly state: 'there'; readonly value: T };

interface Asking<T> {
  readonly asked: Asked<T>;
  /** Asks once more; what is shown stays until the answer is there. */
  readonly again: () => void;
  readonly put: (value: T | ((before: T) => T)) => void;
}

/** Asks when `key` changes; the answer to an older question is dropped. */
export const useAsked = <T>(ask: (signal: AbortSignal) => Promise<T>, key: string): Asking<T> => {
  const [asked, setAsked] = useState<Asked<T>>({ state: 'loading' });
  const [times, setTimes] = useState(0);
  const question = useRef(ask);
  question.current = ask;
  const shown = useRef<string | null>(null);

  useEffect(() => {
    const left = new AbortController();
    if (shown.current !== key) setAsked({ state: 'loading' });
    shown.current = key;
    question.current(left.signal).then(
      (value) => {
        if (!left.signal.aborted) setAsked({ state: 'there', value });
      },
      (error: unknown) => {
        if (!left.signal.aborted) setAsked({ state: 'failed', error });
      },
    );
    return () => left.abort();
  }, [key, times]);

  const again = useCallback(() => setTimes((count) => count + 1), []);
  const put = useCallback((next: T | ((before: T) => T)) => {
    setAsked((before) => {
      if (!(next instanceof Function)) return { state: 'there', value: next };
      return before.state === 'there' ? { state: 'there', value: next(before.value) } : before;
    });
  }, []);
  return { asked, again, put };
};
