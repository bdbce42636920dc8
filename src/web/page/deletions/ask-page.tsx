import type { JSX, TargetedSubmitEvent } from 'preact';
import { useState } from 'preact/hooks';
import { answer } from '../api/api.js';
import type { CreateDeletion } from '../../../public-api/openapi.js';
import { ApiProblem } from '../api/problem.js';
import { BusyButton } from '../parts/busy-button.js';
import { Field, ReasonField, SelectField, TextField } from '../parts/fields.js';
import { PageHead } from '../parts/page-head.js';
import { ProblemNote } from '../parts/problem-note.js';
import { textOf } from '../parts/act-dialog.js';
import { hrefOf } from '../routing/route.js';
import { goTo } from '../routing/use-route.js';
import { useSession } from '../sign-in/session.js';

const LONGEST_PLAN = 'wait=5';

const SIBLINGS = [
  ['refuse', 'refuse'],
  ['untag', 'remove only the tags named'],
  ['include', 'delete them too'],
] as const;
type Siblings = (typeof SIBLINGS)[number][0];
const isSiblings = (text: string): text is Siblings => SIBLINGS.some(([value]) => value === text);

/** The dry run that the form asks for. */
const requestOf = (form: FormData): CreateDeletion => {
  const siblings = textOf(form, 'siblings');
  const ticket = textOf(form, 'ticket');
  return {
    registry: textOf(form, 'registry'),
    repository: textOf(form, 'repository'),
    references: textOf(form, 'references')
      .split(/[\s,]+/)
      .filter((text) => text !== ''),
    reason: textOf(form, 'reason'),
    ...(ticket !== '' && { ticket }),
    labels: {},
    siblings: isSiblings(siblings) ? siblings : 'refuse',
    referrers: form.get('keepReferrers') === null ? 'include' : 'keep',
    children: 'include',
    dryRun: true,
    runIn: 'now',
  };
};

/** A refused plan can be looked at like any other: the problem names it. */
const planOf = (error: unknown): string | null =>
  error instanceof ApiProblem
    ? (/^\/v1\/deletions\/([^/]+)$/.exec(error.problem.instance)?.[1] ?? null)
    : null;

/** Asks for a plan. What it shows can then be executed, and nothing else. */
export const AskPage = (): JSX.Element => {
  const { api } = useSession();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const show = (id: string): void => goTo(hrefOf(['deletions', id]));
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const header = { Prefer: LONGEST_PLAN };
    const body = requestOf(new FormData(event.currentTarget));
    answer(api.call.POST('/v1/deletions', { params: { header }, body })).then(
      ({ id }) => show(id),
      (thrown: unknown) => {
        const id = planOf(thrown);
        if (id !== null) show(id);
        setError(thrown);
        setBusy(false);
      },
    );
  };
  return (
    <>
      <p class="back">
        <a href={hrefOf(['deletions'])}>Deletions</a>
      </p>
      <PageHead title="Plan a deletion" />
      <p>Nothing is deleted yet: first you see what would go, and then you decide.</p>
      <form class="card form" onSubmit={submit}>
        <TextField label="Registry" name="registry" isRequired placeholder="prod" />
        <TextField label="Repository" name="repository" isRequired placeholder="team-a/app" />
        <Field label="Tags or digests" hint="Separated by spaces, commas or lines; at most 1000." isWide>
          {(ids) => <textarea {...ids} name="references" required rows={3} spellcheck={false} />}
        </Field>
        <SelectField
          label="Other tags on the same digest"
          name="siblings"
          options={SIBLINGS}
          hint="Deleting a manifest takes all its tags along."
        />
        <TextField label="Ticket" name="ticket" placeholder="OPS-17" />
        <ReasonField />
        <label class="check wide-field">
          <input type="checkbox" name="keepReferrers" /> Keep signatures, SBOMs and the like
        </label>
        {error !== null && <ProblemNote error={error} />}
        <div class="buttons wide-field">
          <BusyButton class="primary" isBusy={isBusy}>
            {isBusy ? 'Planning …' : 'Show the plan'}
          </BusyButton>
        </div>
      </form>
    </>
  );
};
