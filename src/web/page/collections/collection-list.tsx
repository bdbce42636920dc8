import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { CollectionAct } from '../allowed/collection-acts.js';
import { mayAtAll } from '../allowed/scope.js';
import { answer } from '../api/api.js';
import type { Collection } from '../../../public-api/openapi.js';
import { useAsked } from '../api/use-asked.js';
import { usePages } from '../api/use-pages.js';
import { AskedView } from '../parts/asked-view.js';
import { PagedList } from '../parts/paged-list.js';
import { PageHead } from '../parts/page-head.js';
import { useSession } from '../sign-in/session.js';
import { AskForCollection, CollectionActDialog } from './collection-dialogs.js';
import { CollectionRow } from './collection-row.js';
import { WindowsPanel } from './windows-panel.js';

/** Collections have no event stream; while one runs the list is fetched anew so often, in milliseconds. */
const LOOK_AGAIN_MS = 5_000;

/** It works, or is about to: what waits for its window is not about to. */
const moves = ({ state, opensAt, undoRequested }: Collection): boolean =>
  state === 'running' || (state === 'waiting' && opensAt === null) || (undoRequested && state !== 'undone');

export const CollectionList = (): JSX.Element => {
  const { api, me } = useSession();
  const [isAsking, setAsking] = useState(false);
  const [chosen, setChosen] = useState<{ collection: Collection; act: CollectionAct } | null>(null);
  const windows = useAsked(
    (signal) => answer(api.call.GET('/v1/collections/windows', { signal })),
    'windows',
  );
  const pages = usePages(
    (cursor, signal) =>
      answer(
        api.call.GET('/v1/collections', {
          params: { query: cursor === undefined ? {} : { cursor } },
          signal,
        }),
      ),
    'collections',
  );
  const { again } = pages;
  const isMoving = pages.asked.state === 'there' && pages.asked.value.items.some(moves);
  useEffect(() => {
    if (!isMoving) return;
    const timer = setInterval(() => {
      if (!document.hidden) again();
    }, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [isMoving, again]);

  const collected =
    windows.asked.state === 'there' ? windows.asked.value.items.map(({ registry }) => registry) : [];
  const changed = (): void => {
    pages.again();
    windows.again();
  };
  return (
    <>
      <PageHead title="Collections">
        <button type="button" onClick={changed}>
          Refresh
        </button>
        {mayAtAll(me, 'collections:create') && collected.length > 0 && (
          <button type="button" class="primary" onClick={() => setAsking(true)}>
            Ask for a collection
          </button>
        )}
      </PageHead>
      <AskedView asked={windows.asked} what="the windows" again={windows.again}>
        {({ items }) => <WindowsPanel items={items} />}
      </AskedView>
      <h2>Runs</h2>
      <PagedList
        pages={pages}
        what="collections"
        keyOf={({ id }) => id}
        row={(collection) => (
          <CollectionRow collection={collection} onAct={(act) => setChosen({ collection, act })} />
        )}
        empty={<p>Nothing was collected yet. A dry run says what would go, and takes nothing.</p>}
      />
      {isAsking && (
        <AskForCollection registries={collected} onDone={changed} onClose={() => setAsking(false)} />
      )}
      {chosen !== null && (
        <CollectionActDialog {...chosen} onDone={changed} onClose={() => setChosen(null)} />
      )}
    </>
  );
};
