import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { Api } from '../api/api.js';
import type { Deletion } from '../../../public-api/openapi.js';

/** What the event stream of a deletion says (docs/api.md, "Follow"). */
export type DeletionEvent =
  | {
      readonly type: 'state';
      readonly data: Pick<Deletion, 'state' | 'problem'> & { readonly done: number; readonly total: number };
    }
  | { readonly type: 'target'; readonly data: Deletion['targets'][number] }
  | { readonly type: 'progress'; readonly data: NonNullable<Deletion['progress']> }
  | { readonly type: 'end'; readonly data: Pick<Deletion, 'state'> };

const TYPES: readonly string[] = ['state', 'target', 'progress', 'end'];

/** A line of our own server; heartbeats, and what a newer one says beside, are null. */
const parseEvent = (type: string | undefined, data: string): DeletionEvent | null =>
  type !== undefined && TYPES.includes(type)
    ? ({ type, data: JSON.parse(data) as unknown } as DeletionEvent)
    : null;

/**
 * The events of a deletion until it ends, by fetch and not by EventSource, which could not send the credential. Ends
 * without `end` where the server stops; whoever reads begins anew then.
 */
export async function* follow(api: Api, id: string, signal: AbortSignal): AsyncGenerator<DeletionEvent> {
  const { body } = await api.stream(`/v1/deletions/${encodeURIComponent(id)}/events`, signal);
  if (body === null) return;
  const reader = body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      const event = parseEvent(read.value.event, read.value.data);
      if (event !== null) yield event;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
