import type { JSX } from 'preact';
import { progressOf } from './progress.js';
import type { Deletion } from '../../../public-api/openapi.js';

/** How far a deletion has come, in words and as a bar; nothing where nothing goes on. */
export const ProgressBar = ({ deletion }: { readonly deletion: Deletion }): JSX.Element | null => {
  const progress = progressOf(deletion);
  if (progress === null) return null;
  const { done, total, words } = progress;
  return (
    <div class="progress">
      <progress
        aria-label={`Progress of ${deletion.repository}`}
        {...(total !== null && { value: done, max: Math.max(total, 1) })}
      />
      <span class="small">{words}</span>
    </div>
  );
};
