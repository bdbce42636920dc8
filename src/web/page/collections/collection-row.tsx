import type { JSX } from 'preact';
import { actsOnCollection, type CollectionAct } from '../allowed/collection-acts.js';
import type { Collection } from '../../../public-api/openapi.js';
import { Badge } from '../parts/badge.js';
import { Exactly, When } from '../parts/when.js';
import { bytesInWords, counted, spaced } from '../parts/words.js';
import { useSession } from '../sign-in/session.js';

export const ACT_WORDS: Readonly<Record<CollectionAct, string>> = {
  cancel: 'Cancel',
  resume: 'Go on',
  runNow: 'Run now',
  undo: 'Undo',
};

interface Totals {
  readonly count: number | null;
  readonly bytes: number | null;
}

const Amount = ({ name, of }: { readonly name: string; readonly of: Totals }): JSX.Element | null =>
  of.count === 0 || of.count === null ? null : (
    <div>
      <dt>{name}</dt>
      <dd>
        {of.bytes === null ? '' : bytesInWords(of.bytes)}{' '}
        <span class="muted small">{counted(of.count, 'blob')}</span>
      </dd>
    </div>
  );

interface Given {
  readonly collection: Collection;
  readonly onAct: (act: CollectionAct) => void;
}

export const CollectionRow = ({ collection, onAct }: Given): JSX.Element => {
  const { me } = useSession();
  const { registry, state, mode, when, engine, reason, ticket, requestedBy, summary, problem } = collection;
  return (
    <div class="row">
      <div class="row-state">
        <Badge of={state} />
        {collection.cancelRequested && state === 'running' && <span class="small">cancelling</span>}
        {collection.undoRequested && state !== 'undone' && <span class="small">undoing</span>}
      </div>
      <div class="row-what">
        <strong>{registry}</strong>
        <p class="small">
          {mode === 'dry-run' ? 'dry run' : mode}, {when === 'now' ? 'at once' : 'in its window'}, by {engine}
        </p>
        <dl class="amounts">
          {summary !== null && (
            <Amount name={mode === 'dry-run' ? 'Would go' : 'Found'} of={summary.garbage} />
          )}
          <Amount name="In quarantine" of={collection.quarantined} />
          <Amount name="Brought back" of={collection.restored} />
          <Amount name="Purged" of={collection.purged} />
        </dl>
        {summary?.garbage.count === 0 && <p class="small">Nothing to collect was found.</p>}
      </div>
      <div class="row-why">
        <p>
          {reason}
          {ticket !== null && <span class="ticket">{ticket}</span>}
        </p>
        {problem !== null && (
          <p class="small">
            {problem.message} <code>{problem.code}</code>
          </p>
        )}
        {summary !== null && summary.blocked !== null && (
          <p class="small">Nothing may go: {spaced(summary.blocked)}</p>
        )}
        {summary !== null && summary.faults > 0 && (
          <p class="small">{counted(summary.faults, 'fault')} found; see the report in the API.</p>
        )}
      </div>
      <div class="row-who muted">
        <span>{requestedBy.name}</span>
        <When at={collection.createdAt} />
        {collection.opensAt !== null && (
          <span>
            opens <Exactly at={collection.opensAt} />
          </span>
        )}
        <p class="buttons">
          {actsOnCollection(collection, me).map((act) => (
            <button
              key={act}
              type="button"
              aria-label={`${ACT_WORDS[act]}: collection of ${registry}`}
              onClick={() => onAct(act)}
            >
              {ACT_WORDS[act]}
            </button>
          ))}
        </p>
      </div>
    </div>
  );
};
