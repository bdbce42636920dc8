import type { JSX } from 'preact';
import type { AuditEvent } from '../../../public-api/openapi.js';
import { Badge } from '../parts/badge.js';
import { bytesInWords, shortDigest, shortName } from '../parts/words.js';
import { hrefOf } from '../routing/route.js';

/** What it was done to, in a line. */
const targetInWords = ({ registry, repository, reference }: AuditEvent): string => {
  const where = [registry, repository].filter((part) => part !== null).join('/');
  if (reference === null) return where;
  return reference.includes(':') ? `${where}@${shortDigest(reference)}` : `${where}:${shortName(reference)}`;
};

export const AuditRow = ({ event }: { readonly event: AuditEvent }): JSX.Element => {
  const { at, action, outcome, code, actor, reason, ticket, digest, bytes, deletionId, sequence } = event;
  const target = targetInWords(event);
  return (
    <div class="row audit-row">
      <p class="row-when">
        <time dateTime={at}>{at.slice(0, 19).replace('T', ' ')}</time>
        <span class="small muted">UTC · {sequence === null ? 'not sealed yet' : `#${sequence}`}</span>
      </p>
      <div class="row-what">
        <p>
          <a href={hrefOf(['audit'], { action })}>{action}</a> <Badge of={outcome} />
          {code !== null && <code> {code}</code>}
        </p>
        {target !== '' && <p class="refs">{target}</p>}
      </div>
      <div class="row-why">
        {reason !== null && (
          <p>
            {reason}
            {ticket !== null && <span class="ticket">{ticket}</span>}
          </p>
        )}
        <details>
          <summary>More</summary>
          <dl class="facts">
            {digest !== null && <More name="Digest" text={digest} />}
            {bytes !== null && <More name="Bytes" text={bytesInWords(bytes)} />}
            <More name="Actor" text={actor.id} />
            {event.requestId !== null && <More name="Request" text={event.requestId} />}
            {event.hash !== null && <More name="Hash" text={event.hash} />}
            {Object.keys(event.details).length > 0 && (
              <More name="Details" text={JSON.stringify(event.details, null, 1)} />
            )}
          </dl>
        </details>
      </div>
      <p class="row-who muted">
        <span>{actor.name}</span>
        {actor.address !== null && <span class="small">{actor.address}</span>}
        {deletionId !== null && <a href={hrefOf(['deletions', deletionId])}>Its deletion</a>}
      </p>
    </div>
  );
};

const More = ({ name, text }: { readonly name: string; readonly text: string }): JSX.Element => (
  <div>
    <dt>{name}</dt>
    <dd>
      <code>{text}</code>
    </dd>
  </div>
);
