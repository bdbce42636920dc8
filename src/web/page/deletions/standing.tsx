import type { JSX } from 'preact';
import type { Deletion } from '../../../public-api/openapi.js';
import { Exactly, When } from '../parts/when.js';

/** Why it does not go on, or what went wrong last, and what comes next. */
export const Standing = ({ deletion }: { readonly deletion: Deletion }): JSX.Element => {
  const { problem, waiting, state } = deletion;
  return (
    <>
      {problem !== null && (
        <div class={state === 'failed' ? 'note bad' : 'note warn'}>
          <p class="note-title">{state === 'failed' ? 'It failed' : 'Something went wrong'}</p>
          <p>{problem.message}</p>
          {problem.retryAt !== null && (
            <p>
              Sexton tries again by itself: <Exactly at={problem.retryAt} />.
            </p>
          )}
          <p class="small">
            Code <code>{problem.code}</code>
          </p>
        </div>
      )}
      {waiting !== null && (
        <div class="note warn">
          <p class="note-title">It waits</p>
          <Waiting waiting={waiting} />
        </div>
      )}
      {state === 'planned' && (
        <div class="note quiet">
          <p>
            Nothing was deleted. Executing runs exactly this plan, or nothing where something moved since.
          </p>
        </div>
      )}
    </>
  );
};

const Waiting = ({ waiting }: { readonly waiting: NonNullable<Deletion['waiting']> }): JSX.Element => {
  switch (waiting.for) {
    case 'pause':
      return (
        <p>
          {waiting.by.name} paused the work <When at={waiting.since} />: {waiting.reason}
        </p>
      );
    case 'registry':
      return (
        <p>
          The registry failed so often in a row that it is left alone until <Exactly at={waiting.until} />:{' '}
          {waiting.message}
        </p>
      );
    case 'window':
      return waiting.opensAt === null ? (
        <p>For a maintenance window, and none opens within a year.</p>
      ) : (
        <p>
          For the maintenance window, which opens <Exactly at={waiting.opensAt} />.
        </p>
      );
  }
};
