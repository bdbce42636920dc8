import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { DeletionAct } from '../allowed/deletion-acts.js';
import { answer, type Api } from '../api/api.js';
import type { Deletion } from '../../../public-api/openapi.js';
import { ActDialog, textOf } from '../parts/act-dialog.js';
import { ReasonField } from '../parts/fields.js';
import { counted } from '../parts/words.js';
import { useSession } from '../sign-in/session.js';

const VERBS: Readonly<Record<DeletionAct, string>> = {
  approve: 'Approve',
  reject: 'Reject',
  execute: 'Execute',
  cancel: 'Cancel the deletion',
  restore: 'Restore',
};

const WHAT: Readonly<Record<DeletionAct, (deletion: Deletion) => string>> = {
  approve: ({ plan }) =>
    `You approve the plan as it is shown: ${counted(plan?.targets.length ?? 0, 'target')}. With the last approval it runs.`,
  reject: () => 'It ends here, and nothing is deleted.',
  execute: ({ plan, reason }) =>
    `${counted(plan?.targets.length ?? 0, 'target')} of the plan will be deleted, for the reason that stands there: “${reason}”. Where anything moved since, nothing is.`,
  cancel: () => 'It ends here, and nothing is deleted.',
  restore: () => 'Manifests and tags come back byte for byte, as long as the registry has their blobs.',
};

const LONGEST_RESTORE = 'wait=30';

const perform = async (
  { call }: Api,
  act: DeletionAct,
  { id, approval }: Deletion,
  form: FormData,
): Promise<Deletion> => {
  const path = { id };
  const body = { reason: textOf(form, 'reason') };
  // What was looked at, and no other plan.
  const decided = { ...body, ...(approval && { planHash: approval.planHash }) };
  switch (act) {
    case 'approve':
      return answer(call.POST('/v1/deletions/{id}/approve', { params: { path }, body: decided }));
    case 'reject':
      return answer(call.POST('/v1/deletions/{id}/reject', { params: { path }, body: decided }));
    case 'execute':
      return answer(call.POST('/v1/deletions/{id}/execute', { params: { path } }));
    case 'cancel':
      return answer(call.POST('/v1/deletions/{id}/cancel', { params: { path }, body }));
    case 'restore': {
      const overwriteTags = form.get('overwriteTags') !== null;
      return answer(
        call.POST('/v1/deletions/{id}/restore', {
          params: { path, header: { Prefer: LONGEST_RESTORE } },
          body: { ...body, overwriteTags },
        }),
      );
    }
  }
};

interface Given {
  readonly deletion: Deletion;
  readonly acts: readonly DeletionAct[];
  readonly onChanged: (deletion: Deletion) => void;
}

/** What the caller can do about the deletion, each behind a dialog that says what it does and asks why. */
export const DeletionActs = ({ deletion, acts, onChanged }: Given): JSX.Element => {
  const { api } = useSession();
  const [chosen, setChosen] = useState<DeletionAct | null>(null);
  return (
    <>
      {acts.map((act) => (
        <button key={act} type="button" class={styleOf(act)} onClick={() => setChosen(act)}>
          {VERBS[act]}
        </button>
      ))}
      {chosen !== null && (
        <ActDialog
          title={`${VERBS[chosen]}: ${deletion.registry}/${deletion.repository}`}
          verb={VERBS[chosen]}
          isDangerous={chosen === 'execute' || chosen === 'approve'}
          onClose={() => setChosen(null)}
          onAct={async (form) => onChanged(await perform(api, chosen, deletion, form))}
        >
          <p>{WHAT[chosen](deletion)}</p>
          {chosen !== 'execute' && <ReasonField />}
          {chosen === 'restore' && (
            <label class="check">
              <input type="checkbox" name="overwriteTags" /> Move back tags that point elsewhere by now
            </label>
          )}
        </ActDialog>
      )}
    </>
  );
};

const styleOf = (act: DeletionAct): string =>
  act === 'approve' || act === 'execute' ? 'danger' : act === 'restore' ? 'primary' : '';
