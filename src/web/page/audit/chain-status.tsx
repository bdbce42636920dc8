import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { answer } from '../api/api.js';
import type { AuditVerification } from '../../../public-api/openapi.js';
import { Badge } from '../parts/badge.js';
import { BusyButton } from '../parts/busy-button.js';
import { ProblemNote } from '../parts/problem-note.js';
import { Exactly } from '../parts/when.js';
import { counted } from '../parts/words.js';
import { useSession } from '../sign-in/session.js';

/** The hash chain, computed anew when somebody asks: with a million events that is work. */
export const ChainStatus = (): JSX.Element => {
  const { api } = useSession();
  const [isBusy, setBusy] = useState(false);
  const [found, setFound] = useState<AuditVerification | null>(null);
  const [error, setError] = useState<unknown>(null);
  const verify = (): void => {
    setBusy(true);
    setError(null);
    answer(api.call.GET('/v1/audit/verification'))
      .then(setFound, setError)
      .finally(() => setBusy(false));
  };
  return (
    <section class="card chain" aria-labelledby="chain">
      <div role="status">
        <h2 id="chain">Chain</h2>
        {found === null ? (
          <p class="muted">Every event is bound to all before it. Verifying computes the whole chain anew.</p>
        ) : (
          <Found verification={found} />
        )}
      </div>
      {error !== null && <ProblemNote error={error} />}
      <BusyButton type="button" isBusy={isBusy} onPress={verify}>
        {isBusy ? 'Verifying …' : found === null ? 'Verify the chain' : 'Verify again'}
      </BusyButton>
    </section>
  );
};

const Found = ({ verification }: { readonly verification: AuditVerification }): JSX.Element => {
  const { status, events, sealed, unsealed, head, checkpoint, fault } = verification;
  return (
    <>
      <p>
        <Badge of={status} text={status === 'whole' ? 'the chain is whole' : 'the chain is broken'} />{' '}
        {counted(events, 'event')}, {sealed.toLocaleString('en')} in the chain
        {unsealed > 0 && `, ${unsealed.toLocaleString('en')} about to be`}.
      </p>
      {fault !== null && (
        <p class="bad-text">
          {fault.message}
          {fault.sequence !== null && ` (event #${fault.sequence})`}. Keep the database as it is, and compare
          with an export or with what was forwarded.
        </p>
      )}
      <p class="small">
        Head #{head.sequence} <code>{head.hash}</code>
      </p>
      <p class="small">
        {checkpoint === null ? (
          'No signed checkpoint: audit.signingKeyFile is not configured.'
        ) : (
          <>
            Signed up to #{checkpoint.sequence}, <Exactly at={checkpoint.at} />
          </>
        )}
      </p>
    </>
  );
};
