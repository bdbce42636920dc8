import { canonicalEvent } from '../audit/canonical-event.js';
import type { SealedEvent } from '../audit/export.store.js';
import type { NoticeType } from './notice.js';

/** Media type of a CloudEvent in structured JSON mode. */
export const CLOUD_EVENT_TYPE = 'application/cloudevents+json';

/**
 * CloudEvents 1.0 (https://github.com/cloudevents/spec, JSON format §3). `data` is the item that
 * `GET /v1/audit/events` shows; `source` and `id` together name the event for ever.
 */
export const cloudEventOf = ({ seal, event }: SealedEvent, type: NoticeType, source: string) => ({
  specversion: '1.0',
  id: event.id,
  source,
  type: `sexton.${type}`,
  subject: subjectOf(event),
  time: event.at.toISOString(),
  datacontenttype: 'application/json',
  data: { sequence: seal.sequence, hash: seal.hash, ...canonicalEvent(event) },
});

/** What it is about, as a path below `/v1/`. */
const subjectOf = ({ deletionId, registry, details }: SealedEvent['event']): string => {
  if (deletionId !== null) return `deletions/${deletionId}`;
  for (const kind of ['collection', 'hold', 'pause'] as const) {
    const id = details[kind];
    if (typeof id === 'string') return `${kind}s/${id}`;
  }
  return registry === null ? 'registries' : `registries/${registry}`;
};
