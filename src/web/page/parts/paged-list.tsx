import type { ComponentChildren, JSX } from 'preact';
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

/** A list of rows, page after page. */
export const PagedList = <T,>({ pages, what, row, keyOf, empty }: Given<T>): JSX.Element => (
  <AskedView asked={pages.asked} what={what} again={pages.again}>
    {({ items }) => (
      <>
        {items.length === 0 && pages.more === null ? (
          <div class="empty">{empty}</div>
        ) : (
          <ul class="rows" aria-label={what}>
            {items.map((item) => (
              <li key={keyOf(item)}>{row(item)}</li>
            ))}
          </ul>
        )}
        {pages.error !== null && <ProblemNote error={pages.error} />}
        {pages.more !== null && (
          <BusyButton type="button" class="more" isBusy={pages.isFetching} onPress={pages.more}>
            {pages.isFetching ? 'Fetching …' : `More ${what}`}
          </BusyButton>
        )}
      </>
    )}
  </AskedView>
);
