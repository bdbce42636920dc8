import type { JSX } from 'preact';
import type { CollectionAct } from '../allowed/collection-acts.js';
import { mayAtAll } from '../allowed/scope.js';
import type { Api } from '../api/api.js';
import type { Collection } from '../../../public-api/openapi.js';
import { ActDialog, textOf } from '../parts/act-dialog.js';
import { ReasonField, SelectField } from '../parts/fields.js';
import { useSession } from '../sign-in/session.js';
import { ACT_WORDS } from './collection-row.js';

const WHAT: Readonly<Record<CollectionAct, string>> = {
  cancel: 'One that runs ends after its batch. What it took away stays in quarantine.',
  resume: 'It goes on where it ended.',
  runNow: 'It does not wait for the maintenance window.',
  undo: 'Everything that it took away and that was not purged comes back.',
};

const perform = async ({ call }: Api, act: CollectionAct, id: string, reason: string): Promise<void> => {
  const params = { path: { id } };
  switch (act) {
    case 'cancel':
      await call.POST('/v1/collections/{id}/cancel', { params, body: { reason } });
      return;
    case 'undo':
      await call.POST('/v1/collections/{id}/undo', { params, body: { reason } });
      return;
    case 'resume':
      await call.POST('/v1/collections/{id}/resume', { params, body: { reason } });
      return;
    case 'runNow':
      await call.POST('/v1/collections/{id}/resume', { params, body: { reason, when: 'now' } });
  }
};

interface Given {
  readonly onDone: () => void;
  readonly onClose: () => void;
}

export const CollectionActDialog = ({
  collection,
  act,
  onDone,
  onClose,
}: Given & { readonly collection: Collection; readonly act: CollectionAct }): JSX.Element => {
  const { api } = useSession();
  return (
    <ActDialog
      title={`${ACT_WORDS[act]}: collection of ${collection.registry}`}
      verb={ACT_WORDS[act]}
      isDangerous={act === 'runNow' || act === 'resume'}
      onClose={onClose}
      onAct={async (form) => {
        await perform(api, act, collection.id, textOf(form, 'reason'));
        onDone();
      }}
    >
      <p>{WHAT[act]}</p>
      <ReasonField />
    </ActDialog>
  );
};

const MODES = [
  ['dry-run', 'Dry run: only say what would go'],
  ['collect', 'Collect: what nothing needs goes into quarantine'],
  ['purge', 'Purge: what waited in quarantine goes for good'],
] as const;
const WHENS = [
  ['window', 'In the maintenance window'],
  ['now', 'At once'],
] as const;

export const AskForCollection = ({
  registries,
  onDone,
  onClose,
}: Given & { readonly registries: readonly string[] }): JSX.Element => {
  const { api, me } = useSession();
  const mayRun = mayAtAll(me, 'collections:run');
  return (
    <ActDialog
      title="Ask for a collection"
      verb="Ask for it"
      onClose={onClose}
      onAct={async (form) => {
        // A role that may not choose has no such fields.
        const mode = MODES.find(([value]) => value === textOf(form, 'mode'))?.[0] ?? 'collect';
        const when = WHENS.find(([value]) => value === textOf(form, 'when'))?.[0] ?? 'window';
        const body = { registry: textOf(form, 'registry'), reason: textOf(form, 'reason'), mode, when };
        await api.call.POST('/v1/collections', { body });
        onDone();
      }}
    >
      <div class="form">
        <SelectField label="Registry" name="registry" options={registries.map((name) => [name, name])} />
        {mayRun && <SelectField label="What" name="mode" options={MODES} />}
        {mayRun && <SelectField label="When" name="when" options={WHENS} />}
        <ReasonField />
      </div>
    </ActDialog>
  );
};
