import type { JSX } from 'preact';
import { agoInWords } from './words.js';

const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });

/** A moment: how long ago, and to whoever points at it or reads the machine-readable form, exactly. */
export const When = ({ at }: { readonly at: string }): JSX.Element => (
  <time dateTime={at} title={exact.format(new Date(at))}>
    {agoInWords(at, Date.now())}
  </time>
);

/** A moment that matters to the minute. */
export const Exactly = ({ at }: { readonly at: string }): JSX.Element => (
  <time dateTime={at}>{exact.format(new Date(at))}</time>
);
