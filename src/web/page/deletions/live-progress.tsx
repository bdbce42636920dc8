import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Deletion } from '../../../public-api/openapi.js';
import { ProgressBar } from './progress-bar.js';
import { endInWords, isLive, progressOf } from './progress.js';

/** Somebody who listens is told at most so often, in milliseconds; the bar moves with every event. */
const TELL_EVERY_MS = 3_000;

/** The bar, and a live region that says the same now and then, and the end at once. */
export const LiveProgress = ({ deletion }: { readonly deletion: Deletion }): JSX.Element => {
  const [told, setTold] = useState('');
  const toldAt = useRef(0);
  const wasLive = useRef(isLive(deletion));
  const words = progressOf(deletion)?.words ?? null;
  const end = endInWords(deletion);
  useEffect(() => {
    if (words === null) {
      if (wasLive.current) setTold(end);
      return;
    }
    wasLive.current = true;
    if (performance.now() - toldAt.current < TELL_EVERY_MS && toldAt.current > 0) return;
    toldAt.current = performance.now();
    setTold(words);
  }, [words, end]);
  return (
    <>
      <ProgressBar deletion={deletion} />
      <p class="unseen" role="status" aria-live="polite">
        {told}
      </p>
    </>
  );
};
