import type { JSX } from 'preact';
import type { Plan } from '../../../public-api/openapi.js';
import { shortDigest } from '../parts/words.js';

/** Why nothing goes. */
export const Refusals = ({ plan }: { readonly plan: Plan }): JSX.Element | null => {
  if (plan.refusals.length === 0) return null;
  return (
    <div class="note bad">
      <p class="note-title">Refused: nothing was or will be deleted</p>
      <ul>
        {plan.refusals.map(({ reference, code, message }) => (
          <li key={reference}>
            <strong>{shortDigest(reference)}</strong>: {message} <code>{code}</code>
          </li>
        ))}
      </ul>
    </div>
  );
};
