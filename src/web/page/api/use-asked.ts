import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export type Asked<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly error: unknown }
  /** With why it could not be fetched anew; null while it could. */
  | { readonly state: 'there'; readonly value: T; readonly error: unknown };

interface Asking<T> {
  readonly asked: Asked<T>;
  /** Asks once more; what is shown stays until the answer is there, and also where none comes. */
  readonly again: () => void;
  readonly put: (value: T | ((before: T) => T)) => void;
}

/** Gets what is shown of the same question at that moment, null where nothing is. */
type Ask<T> = (signal: AbortSignal, shown: () => T | null) => Promise<T>;

/** Asks when `key` changes; the answer to an older question is dropped. */
export const useAsked = <T>(ask: Ask<T>, key: string): Asking<T> => {
  const [asked, setAsked] = useState<Asked<T>>({ state: 'loading' });
  const [times, setTimes] = useState(0);
  const question = useRef(ask);
  question.current = ask;
  const latest = useRef(asked);
  latest.current = asked;
  const shownKey = useRef<string | null>(null);

  useEffect(() => {
    const left = new AbortController();
    if (shownKey.current !== key) setAsked((latest.current = { state: 'loading' }));
    shownKey.current = key;
    const shown = (): T | null => (latest.current.state === 'there' ? latest.current.value : null);
    question.current(left.signal, shown).then(
      (value) => {
        if (!left.signal.aborted) setAsked({ state: 'there', value, error: null });
      },
      (error: unknown) => {
        if (left.signal.aborted) return;
        setAsked((before) => (before.state === 'there' ? { ...before, error } : { state: 'failed', error }));
      },
    );
    return () => left.abort();
  }, [key, times]);

  const again = useCallback(() => setTimes((count) => count + 1), []);
  const put = useCallback((next: T | ((before: T) => T)) => {
    setAsked((before) => {
      if (!(next instanceof Function)) return { state: 'there', value: next, error: null };
      return before.state === 'there' ? { ...before, value: next(before.value) } : before;
    });
  }, []);
  return { asked, again, put };
};
