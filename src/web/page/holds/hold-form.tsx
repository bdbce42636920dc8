import type { JSX } from 'preact';
import { ActDialog, textOf } from '../parts/act-dialog.js';
import type { CreateHold } from '../../../public-api/openapi.js';
import { ReasonField, TextField } from '../parts/fields.js';
import { useSession } from '../sign-in/session.js';

const requestOf = (form: FormData): CreateHold => {
  const [tags, digest] = [textOf(form, 'tags'), textOf(form, 'digest')];
  const [owner, expires] = [textOf(form, 'owner'), textOf(form, 'expiresAt')];
  return {
    registry: textOf(form, 'registry'),
    repository: textOf(form, 'repository'),
    reason: textOf(form, 'reason'),
    ...(tags !== '' && { tags }),
    ...(digest !== '' && { digest }),
    ...(owner !== '' && { owner }),
    // The field is in the time of whoever fills it in.
    ...(expires !== '' && { expiresAt: new Date(expires).toISOString() }),
    legal: form.get('legal') !== null,
  };
};

export const HoldForm = ({
  onPlaced,
  onClose,
}: {
  readonly onPlaced: () => void;
  readonly onClose: () => void;
}): JSX.Element => {
  const { api } = useSession();
  return (
    <ActDialog
      title="Place a hold"
      verb="Place the hold"
      onClose={onClose}
      onAct={async (form) => {
        await api.call.POST('/v1/holds', { body: requestOf(form) });
        onPlaced();
      }}
    >
      <div class="form">
        <TextField label="Registry" name="registry" isRequired placeholder="prod" />
        <TextField
          label="Repository"
          name="repository"
          isRequired
          placeholder="team-a/**"
          hint="A name, or a glob: ** is everything below."
        />
        <TextField
          label="Tags"
          name="tags"
          placeholder="release-*"
          hint="Without tags and digest: everything."
        />
        <TextField label="Digest" name="digest" placeholder="sha256:…" hint="Instead of tags." />
        <TextField label="Owner" name="owner" hint="Whom to ask about it; else you." />
        <TextField label="Expires" name="expiresAt" isMoment hint="In your time; else never." />
        <ReasonField hint="Shown to whoever asks for what is held." />
        <label class="check wide-field">
          <input type="checkbox" name="legal" /> Legal hold: two people must lift it
        </label>
      </div>
    </ActDialog>
  );
};
