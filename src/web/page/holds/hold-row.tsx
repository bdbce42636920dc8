import type { JSX } from 'preact';
import type { Hold } from '../../../public-api/openapi.js';
import { Badge } from '../parts/badge.js';
import { Exactly, When } from '../parts/when.js';
import { shortDigest } from '../parts/words.js';
import { useSession } from '../sign-in/session.js';
import { mayLift } from './hold-acts.js';

const heldInWords = ({ tags, digest }: Hold): string => {
  if (digest !== null) return `manifest ${shortDigest(digest)}`;
  return tags === null ? 'everything' : `tags ${tags}`;
};

export const HoldRow = ({
  hold,
  onLift,
}: {
  readonly hold: Hold;
  readonly onLift: () => void;
}): JSX.Element => {
  const { me } = useSession();
  const { registry, repository, state, legal, reason, owner, source } = hold;
  return (
    <div class="row">
      <div class="row-state">
        <Badge of={state} />
        {legal && <Badge of="legal" />}
      </div>
      <div class="row-what">
        <strong>
          <span class="muted">{registry}/</span>
          {repository}
        </strong>
        <p class="refs">{heldInWords(hold)}</p>
      </div>
      <div class="row-why">
        <p>{reason}</p>
        {hold.liftRequested !== null && state === 'in_force' && (
          <p class="small">
            {hold.liftRequested.by.name} asked to lift it <When at={hold.liftRequested.at} />:{' '}
            {hold.liftRequested.reason}. Somebody else must too.
          </p>
        )}
        {hold.lifted !== null && (
          <p class="small">
            Lifted by {hold.lifted.by.name} <When at={hold.lifted.at} />: {hold.lifted.reason}
          </p>
        )}
      </div>
      <div class="row-who muted">
        <span>{source === 'config' ? 'in sexton.yaml' : (owner ?? hold.createdBy?.name)}</span>
        {hold.createdAt !== null && <When at={hold.createdAt} />}
        {hold.expiresAt !== null && (
          <span>
            until <Exactly at={hold.expiresAt} />
          </span>
        )}
        {mayLift(hold, me) && (
          <button type="button" onClick={onLift} aria-label={`Lift the hold on ${registry}/${repository}`}>
            Lift
          </button>
        )}
      </div>
    </div>
  );
};
