import type { JSX } from 'preact';
import type { Deletion } from '../../../public-api/openapi.js';
import { Badge } from '../parts/badge.js';
import { counted } from '../parts/words.js';
import { When } from '../parts/when.js';
import { hrefOf } from '../routing/route.js';
import { ProgressBar } from './progress-bar.js';
import { useFollowed } from './use-deletion.js';

/** What was asked for, in a line. */
export const askedInWords = ({ references, selector, wholeRepository }: Deletion): string => {
  if (wholeRepository) return 'the whole repository';
  if (selector === null) {
    const shown = references.slice(0, 3).map((text) => (text.length > 40 ? `${text.slice(0, 19)}…` : text));
    const more = references.length - shown.length;
    return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
  }
  const { tags, olderThan, keepNewest, untagged } = selector;
  return [
    ...(tags === undefined ? [] : [`tags ${tags}`]),
    ...(untagged ? ['untagged manifests'] : []),
    ...(olderThan === undefined ? [] : [`older than ${olderThan}`]),
    ...(keepNewest === undefined ? [] : [`all but the newest ${keepNewest}`]),
  ].join(', ');
};

interface Given {
  readonly deletion: Deletion;
  readonly isFollowed: boolean;
  readonly onEnd: () => void;
}

export const DeletionRow = ({ deletion: listed, isFollowed, onEnd }: Given): JSX.Element => {
  const deletion = useFollowed(listed, isFollowed, onEnd);
  const { id, registry, repository, state, dryRun, reason, ticket, requestedBy, createdAt } = deletion;
  const isDecided = state === 'awaiting_approval' && deletion.approval !== null;
  return (
    <div class="row deletion-row">
      <div class="row-state">
        <Badge of={state} />
      </div>
      <div class="row-what">
        <a class="row-link" href={hrefOf(['deletions', id])}>
          <span class="muted">{registry}/</span>
          {repository}
        </a>
        <p>
          <span class="refs">{askedInWords(deletion)}</span>
          {dryRun && state === 'planned' && <span class="muted small"> dry run, nothing deleted</span>}
        </p>
        <ProgressBar deletion={deletion} />
      </div>
      <p class="row-why">
        {reason}
        {ticket !== null && <span class="ticket">{ticket}</span>}
      </p>
      <p class="row-who muted">
        <span>{requestedBy.name}</span>
        <When at={createdAt} />
        {isDecided && <span>needs {counted(deletion.approval?.needed ?? 0, 'approval')}</span>}
      </p>
    </div>
  );
};
