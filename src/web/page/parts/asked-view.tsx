import type { ComponentChildren, JSX } from 'preact';
import type { Asked } from '../api/use-asked.js';
import { ProblemNote } from './problem-note.js';

interface Given<T> {
  readonly asked: Asked<T>;
  readonly what: string;
  readonly again: () => void;
  readonly children: (value: T) => ComponentChildren;
}

/** What was asked for: being fetched, or why it is not there, or shown, with why it may be old. */
export const AskedView = <T,>({ asked, what, again, children }: Given<T>): JSX.Element => {
  switch (asked.state) {
    case 'loading':
      return (
        <p class="loading" role="status">
          Fetching {what} …
        </p>
      );
    case 'failed':
      return <ProblemNote error={asked.error} onRetry={again} />;
    case 'there':
      return (
        <>
          {asked.error !== null && <ProblemNote error={asked.error} onRetry={again} />}
          {children(asked.value)}
        </>
      );
  }
};
