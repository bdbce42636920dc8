import { useState } from 'preact/hooks';
import { useAsked, type Asked } from './use-asked.js';

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

interface Pages<T> {
  readonly asked: Asked<Page<T>>;
  /** Fetches the next page behind those that are there; null where there is none. */
  readonly more: (() => void) | null;
  readonly isFetching: boolean;
  readonly error: unknown;
  readonly again: () => void;
}

type AskForPage<T> = (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>;

const joined = <T>(before: Page<T>, next: Page<T>): Page<T> => ({
  ...next,
  items: [...before.items, ...next.items],
});

/** A list of the API, page after page. */
export const usePages = <T>(ask: AskForPage<T>, key: string): Pages<T> => {
  const { asked, again, put } = useAsked<Page<T>>(async (signal, shown) => {
    let page = await ask(undefined, signal);
    // Whoever went on to later pages keeps them when the list is fetched anew.
    while (page.nextCursor !== null && page.items.length < (shown()?.items.length ?? 0)) {
      page = joined(page, await ask(page.nextCursor, signal));
    }
    return page;
  }, key);
  const [fetching, setFetching] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const cursor = asked.state === 'there' ? asked.value.nextCursor : null;
  const fetchMore = (from: string): void => {
    setFetching(from);
    setError(null);
    ask(from, new AbortController().signal)
      .then(
        (next) =>
          // Another question may have been asked meanwhile: only what ended there is continued.
          put((before) => (before.nextCursor === from ? joined(before, next) : before)),
        setError,
      )
      .finally(() => setFetching(null));
  };
  return {
    asked,
    more: cursor === null ? null : () => fetchMore(cursor),
    isFetching: fetching !== null,
    error,
    again,
  };
};
