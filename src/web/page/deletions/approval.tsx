import type { JSX } from 'preact';
import type { Deletion } from '../../../public-api/openapi.js';
import { Exactly, When } from '../parts/when.js';
import { counted } from '../parts/words.js';

/** Who has to agree, why, and who did. */
export const Approval = ({ deletion }: { readonly deletion: Deletion }): JSX.Element | null => {
  const { approval, state } = deletion;
  if (approval === null) return null;
  const given = approval.decisions.filter(({ decision }) => decision === 'approved').length;
  return (
    <section class="card" aria-labelledby="approval">
      <h2 id="approval">Approval</h2>
      <p>
        {given} of {counted(approval.needed, 'approval')} given
        {state === 'awaiting_approval' && (
          <>
            , until <Exactly at={approval.expiresAt} />. Whoever asked cannot approve.
          </>
        )}
      </p>
      <ul class="plain">
        {approval.rules.map(({ name, because }) => (
          <li key={name}>
            Rule <strong>{name}</strong>: {because}
          </li>
        ))}
      </ul>
      {approval.decisions.length > 0 && (
        <ul class="plain decisions">
          {approval.decisions.map(({ decision, by, reason, at }) => (
            <li key={`${by.id} ${at}`}>
              <strong>{by.name}</strong> {decision} it <When at={at} />: {reason}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
};
