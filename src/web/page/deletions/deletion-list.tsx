import type { JSX } from 'preact';
import { DELETION_STATES } from '../../../public-api/deletion-states.js';
import { answer } from '../api/api.js';
import { usePages } from '../api/use-pages.js';
import { mayAtAll } from '../allowed/scope.js';
import { SelectField, TextField } from '../parts/fields.js';
import { Filters } from '../parts/filters.js';
import { PagedList } from '../parts/paged-list.js';
import { PageHead } from '../parts/page-head.js';
import { spaced } from '../parts/words.js';
import { PauseNotes } from '../pauses/pause-notes.js';
import { hrefOf, type Route } from '../routing/route.js';
import { useSession } from '../sign-in/session.js';
import { deletionFilters } from './deletion-filters.js';
import { DeletionRow } from './deletion-row.js';
import { isLive } from './progress.js';

/** A browser opens six connections to one host; followed deletions must leave some for everything else. */
const MOST_FOLLOWED = 3;

export const DeletionList = ({ route }: { readonly route: Route }): JSX.Element => {
  const { api, me } = useSession();
  const filters = deletionFilters(route.query);
  const pages = usePages(
    (cursor, signal) =>
      answer(
        api.call.GET('/v1/deletions', {
          params: { query: { ...filters, ...(cursor !== undefined && { cursor }) } },
          signal,
        }),
      ),
    JSON.stringify(filters),
  );
  const items = pages.asked.state === 'there' ? pages.asked.value.items : [];
  const followed = new Set(
    items
      .filter(isLive)
      .slice(0, MOST_FOLLOWED)
      .map(({ id }) => id),
  );
  const isNarrowed = Object.keys(filters).length > 0;
  return (
    <>
      <PageHead title="Deletions">
        <button type="button" onClick={pages.again}>
          Refresh
        </button>
        {mayAtAll(me, 'deletions:create') && (
          <a class="button primary" href={hrefOf(['ask'])}>
            Plan a deletion
          </a>
        )}
      </PageHead>
      <PauseNotes />
      <Filters path={['deletions']} query={route.query}>
        <SelectField
          label="State"
          name="state"
          value={filters.state ?? ''}
          options={[['', 'any'], ...DELETION_STATES.map((state) => [state, spaced(state)] as const)]}
        />
        <TextField label="Registry" name="registry" value={filters.registry ?? ''} />
        <TextField label="Repository" name="repository" value={filters.repository ?? ''} />
        <TextField label="Asked for by (id)" name="requestedBy" value={filters.requestedBy ?? ''} />
      </Filters>
      <PagedList
        pages={pages}
        what="deletions"
        keyOf={({ id }) => id}
        row={(deletion) => (
          <DeletionRow deletion={deletion} isFollowed={followed.has(deletion.id)} onEnd={pages.again} />
        )}
        empty={
          isNarrowed ? (
            <p>No deletion is like this. Take a filter away to see more.</p>
          ) : (
            <p>
              Nobody has asked for a deletion yet, in repositories that you may see. What is asked for, here
              or through the API, appears on this page.
            </p>
          )
        }
      />
    </>
  );
};
