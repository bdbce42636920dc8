import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { mayAtAll } from '../allowed/scope.js';
import { answer } from '../api/api.js';
import type { Hold } from '../../../public-api/openapi.js';
import { usePages } from '../api/use-pages.js';
import { ActDialog, textOf } from '../parts/act-dialog.js';
import { SelectField, TextField, ReasonField } from '../parts/fields.js';
import { Filters } from '../parts/filters.js';
import { PagedList } from '../parts/paged-list.js';
import { PageHead } from '../parts/page-head.js';
import type { Route } from '../routing/route.js';
import { useSession } from '../sign-in/session.js';
import { HoldForm } from './hold-form.js';
import { HoldRow } from './hold-row.js';

const STATES = [
  ['in_force', 'in force'],
  ['over', 'over'],
  ['all', 'all'],
] as const;
type Wanted = (typeof STATES)[number][0];
const wantedState = (text: string | undefined): Wanted =>
  STATES.find(([state]) => state === text)?.[0] ?? 'in_force';

export const HoldList = ({ route }: { readonly route: Route }): JSX.Element => {
  const { api, me } = useSession();
  const [isPlacing, setPlacing] = useState(false);
  const [lifting, setLifting] = useState<Hold | null>(null);
  const { registry, repository } = route.query;
  const state = wantedState(route.query['state']);
  const filters = { state, ...(registry && { registry }), ...(repository && { repository }) };
  const pages = usePages(
    (cursor, signal) =>
      answer(
        api.call.GET('/v1/holds', {
          params: { query: { ...filters, ...(cursor !== undefined && { cursor }) } },
          signal,
        }),
      ),
    JSON.stringify(filters),
  );
  return (
    <>
      <PageHead title="Holds">
        {mayAtAll(me, 'holds:write') && (
          <button type="button" class="primary" onClick={() => setPlacing(true)}>
            Place a hold
          </button>
        )}
      </PageHead>
      <p class="lead">What a hold covers is never deleted, and never collected, until the hold is lifted.</p>
      <Filters path={['holds']} query={route.query}>
        <SelectField label="State" name="state" value={state} options={STATES} />
        <TextField label="Registry" name="registry" value={registry ?? ''} />
        <TextField label="About repository" name="repository" value={repository ?? ''} />
      </Filters>
      <PagedList
        pages={pages}
        what="holds"
        keyOf={({ id }) => id}
        row={(hold) => <HoldRow hold={hold} onLift={() => setLifting(hold)} />}
        empty={
          <p>
            No hold is like this. Release tags that customers run are worth one: place it here, or as a
            pattern in <code>sexton.yaml</code>.
          </p>
        }
      />
      {isPlacing && <HoldForm onPlaced={pages.again} onClose={() => setPlacing(false)} />}
      {lifting !== null && (
        <ActDialog
          title={`Lift the hold on ${lifting.registry}/${lifting.repository}`}
          verb={lifting.legal && lifting.liftRequested === null ? 'Ask to lift it' : 'Lift the hold'}
          isDangerous
          onClose={() => setLifting(null)}
          onAct={async (form) => {
            const path = { id: lifting.id };
            const body = { reason: textOf(form, 'reason') };
            await api.call.DELETE('/v1/holds/{id}', { params: { path }, body });
            pages.again();
          }}
        >
          <p>
            {lifting.legal
              ? 'It is a legal hold: two different people have to lift it.'
              : 'What it held can be deleted from then on.'}
          </p>
          <ReasonField />
        </ActDialog>
      )}
    </>
  );
};
