import type { ComponentChildren, JSX } from 'preact';
import type { Deletion } from '../../../public-api/openapi.js';
import { Exactly } from '../parts/when.js';
import { bytesInWords } from '../parts/words.js';
import { hrefOf } from '../routing/route.js';
import { askedInWords } from './deletion-row.js';

const Fact = ({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ComponentChildren;
}): JSX.Element => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

/** Who asked for what, why, and when it happened. */
export const DeletionFacts = ({ deletion }: { readonly deletion: Deletion }): JSX.Element => {
  const { id, reason, ticket, requestedBy, createdAt, startedAt, finishedAt } = deletion;
  const { restoredAt, restorableUntil, plan, labels } = deletion;
  const bytes = plan?.reclaimableBytes;
  return (
    <dl class="facts card">
      <Fact name="Asked for">{askedInWords(deletion)}</Fact>
      <Fact name="Reason">
        {reason}
        {ticket !== null && <span class="ticket">{ticket}</span>}
      </Fact>
      <Fact name="By">
        <span title={requestedBy.id}>{requestedBy.name}</span>
      </Fact>
      <Fact name="Asked">
        <Exactly at={createdAt} />
      </Fact>
      {startedAt !== null && (
        <Fact name="Started">
          <Exactly at={startedAt} />
        </Fact>
      )}
      {finishedAt !== null && (
        <Fact name="Ended">
          <Exactly at={finishedAt} />
        </Fact>
      )}
      {restoredAt !== null && (
        <Fact name="Restored">
          <Exactly at={restoredAt} />
        </Fact>
      )}
      {restorableUntil !== null && (
        <Fact name="Can be restored until">
          <Exactly at={restorableUntil} />
        </Fact>
      )}
      {bytes !== undefined && (
        <Fact name="Collection can free">
          {bytes.exact ? '' : 'at most '}
          {bytesInWords(bytes.value)}
        </Fact>
      )}
      <Fact name="Rules">
        siblings {deletion.siblings}, children {deletion.children}, referrers {deletion.referrers}
      </Fact>
      {Object.entries(labels).map(([name, value]) => (
        <Fact key={name} name={name}>
          {value}
        </Fact>
      ))}
      <Fact name="Id">
        <code>{id}</code>
      </Fact>
      <Fact name="History">
        <a href={hrefOf(['audit'], { deletion: id })}>Audit events</a>
      </Fact>
    </dl>
  );
};
