import type { ComponentChildren, JSX, TargetedSubmitEvent } from 'preact';
import { focusHead } from './page-head.js';
import { goTo } from '../routing/use-route.js';
import { hrefOf } from '../routing/route.js';

interface Given {
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
  readonly children: ComponentChildren;
  /** From what the form holds to what the address holds, where the two differ. */
  readonly toQuery?: (given: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
}

/** Filters, which are in the address bar: a view can be bookmarked and sent to somebody. */
export const Filters = ({ path, query, children, toQuery }: Given): JSX.Element => {
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const given = Object.fromEntries(
      [...new FormData(event.currentTarget)].flatMap(([name, value]) =>
        typeof value === 'string' && value.trim() !== '' ? [[name, value.trim()]] : [],
      ),
    );
    goTo(hrefOf(path, toQuery ? toQuery(given) : given));
    focusHead();
  };
  return (
    // Made anew when the address changes, so that the fields show what it says.
    <form class="filters" key={JSON.stringify(query)} onSubmit={submit} aria-label="Filters" role="search">
      {children}
      <div class="buttons">
        <button>Filter</button>
        {Object.keys(query).length > 0 && (
          <a class="button" href={hrefOf(path)} onClick={focusHead}>
            Clear
          </a>
        )}
      </div>
    </form>
  );
};
