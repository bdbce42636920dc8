import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { usePages } from '../api/use-pages.js';
import { AskedView } from './asked-view.js';
import { BusyButton } from './busy-button.js';
import { ProblemNote } from './problem-note.js';

interface Given<T> {
  readonly pages: ReturnType<typeof usePages<T>>;
  /** Such as `deletions`. */
  readonly what: string;
  readonly row: (item: T) => ComponentChildren;
  readonly keyOf: (item: T) => string;
  /** In place of a list without items: what that means, and what to do. */
  readonly empty: ComponentChildren;
}

/** A list of rows, page after page. Behind the last one its button goes, and focus to the first row that it brought. */
export const PagedList = <T,>({ pages, what, row, keyOf, empty }: Given<T>): JSX.Element => {
  const list = useRef<HTMLUListElement>(null);
  const firstNew = useRef<number | null>(null);
  const isLast = pages.more === null;
  useEffect(() => {
    const item = firstNew.current === null ? undefined : list.current?.children[firstNew.current];
    if (!isLast || !(item instanceof HTMLElement)) return;
    firstNew.current = null;
    // Whoever went elsewhere meanwhile stays there.
    if (document.activeElement !== document.body) return;
    item.tabIndex = -1;
    item.focus();
  }, [isLast]);
  const fetchMore = (shown: number): void => {
    firstNew.current = shown;
    pages.more?.();
  };
  return (
    <AskedView asked={pages.asked} what={what} again={pages.again}>
      {({ items }) => (
        <>
          {items.length === 0 && isLast ? (
            <div class="empty">{empty}</div>
          ) : (
            <ul class="rows" ref={list} aria-label={what}>
              {items.map((item) => (
                <li key={keyOf(item)}>{row(item)}</li>
              ))}
            </ul>
          )}
          {pages.error !== null && <ProblemNote error={pages.error} />}
          {!isLast && (
            <BusyButton
              type="button"
              class="more"
              isBusy={pages.isFetching}
              onPress={() => fetchMore(items.length)}
            >
              {pages.isFetching ? 'Fetching …' : `More ${what}`}
            </BusyButton>
          )}
        </>
      )}
    </AskedView>
  );
};
