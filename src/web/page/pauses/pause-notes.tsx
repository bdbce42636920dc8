import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { mayAtAll } from '../allowed/scope.js';
import { answer } from '../api/api.js';
import type { Pause } from '../../../public-api/openapi.js';
import { useAsked } from '../api/use-asked.js';
import { ActDialog, textOf } from '../parts/act-dialog.js';
import { ReasonField } from '../parts/fields.js';
import { When } from '../parts/when.js';
import { useSession } from '../sign-in/session.js';

/** What is paused, where anything is: accepted work waits, which explains a list that stands still. */
export const PauseNotes = (): JSX.Element | null => {
  const { api, me } = useSession();
  const { asked, again } = useAsked((signal) => answer(api.call.GET('/v1/pauses', { signal })), 'pauses');
  const [ending, setEnding] = useState<Pause | null>(null);
  if (asked.state !== 'there' || asked.value.items.length === 0) return null;
  const mayEnd = (pause: Pause): boolean =>
    mayAtAll(me, 'pauses:write') && (pause.registry !== null || me.role === 'admin');
  return (
    <section aria-label="Pauses" class="stack">
      {asked.value.items.map((pause) => (
        <div class="note warn with-button" key={pause.id}>
          <div>
            <p class="note-title">
              {pause.registry === null ? 'Every registry is paused' : `Registry ${pause.registry} is paused`}
            </p>
            <p>{pause.reason}</p>
            <p class="small">
              By {pause.createdBy.name}, <When at={pause.createdAt} />. Accepted work waits until the pause
              ends.
            </p>
          </div>
          {mayEnd(pause) && (
            <button type="button" onClick={() => setEnding(pause)}>
              End this pause
            </button>
          )}
        </div>
      ))}
      {ending !== null && (
        <ActDialog
          title={`End the pause of ${ending.registry ?? 'every registry'}`}
          verb="End the pause"
          onClose={() => setEnding(null)}
          onAct={async (form) => {
            const path = { id: ending.id };
            const body = { reason: textOf(form, 'reason') };
            await api.call.DELETE('/v1/pauses/{id}', { params: { path }, body });
            again();
          }}
        >
          <p>What waited goes on by itself.</p>
          <ReasonField />
        </ActDialog>
      )}
    </section>
  );
};
