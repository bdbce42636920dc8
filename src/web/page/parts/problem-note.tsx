import type { JSX } from 'preact';
import { shownOf } from '../api/problem.js';

/** What happened and what to do next; read out at once. */
export const ProblemNote = ({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry?: () => void;
}): JSX.Element => {
  const { title, detail, faults, wait, requestId } = shownOf(error);
  return (
    <div class="note bad" role="alert">
      <p class="note-title">{title}</p>
      {detail !== title && <p>{detail}</p>}
      {faults.length > 0 && (
        <ul>
          {faults.map((fault) => (
            <li key={fault}>{fault}</li>
          ))}
        </ul>
      )}
      {wait !== null && <p>{wait}</p>}
      {requestId !== null && <p class="small">Request {requestId}</p>}
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
};
