import { setTimeout as delay } from 'node:timers/promises';
import type { Deletion, Server } from '../client/client.js';
import type { Patience } from '../client/patience.js';
import { RemoteError } from '../client/remote-error.js';
import { readServerEvents, type ServerEvent } from '../client/server-events.js';
import { EXIT } from '../exit-codes.js';

/** In a row; a restart of the server, or of what stands in between, is over before that. */
const LOST_CONNECTIONS = 6;
const BASE_MS = 250;

export type Tell = (event: ServerEvent) => void | Promise<void>;

/**
 * Follows a deletion until nothing more happens by itself, over as many connections as that takes, and reads it then.
 * `tell` gets every event; after a lost connection they come again from the beginning.
 */
export const watch = async (
  server: Server,
  id: string,
  patience: Patience,
  tell: Tell,
): Promise<Deletion> => {
  const { signal } = patience;
  const goesOn = `It goes on. Look again with: sexton status ${id} --watch`;
  patience.lookAgainWith(goesOn, `/v1/deletions/${id}`);
  for (let lost = 0; lost < LOST_CONNECTIONS;) {
    const { hasEnded, hasNews } = await followOnce(server, id, signal, tell);
    if (hasEnded)
      return server.answer(server.api.GET('/v1/deletions/{id}', { params: { path: { id } }, signal }));
    lost = hasNews ? 1 : lost + 1;
    await delay(BASE_MS * 2 ** lost, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  throw new RemoteError(
    'unreachable',
    `The connection to ${server.url} is lost. ${goesOn}`,
    EXIT.unavailable,
  );
};

/** One connection, to its end; whatever broke it is not told, because the next one will say so again. */
const followOnce = async (
  server: Server,
  id: string,
  signal: AbortSignal,
  tell: Tell,
): Promise<{ readonly hasEnded: boolean; readonly hasNews: boolean }> => {
  let [hasEnded, hasNews] = [false, false];
  const call = server.api.GET('/v1/deletions/{id}/events', {
    params: { path: { id } },
    headers: { accept: 'text/event-stream' },
    parseAs: 'stream',
    signal,
  });
  const body = await server.stream(call, signal).catch((error: unknown) => {
    if (error instanceof RemoteError && error.code === 'unreachable') return null;
    throw error;
  });
  if (body === null) return { hasEnded, hasNews };
  const events = readServerEvents(body);
  for (;;) {
    const next = await events.next().catch(() => null);
    signal.throwIfAborted();
    if (next === null || next.done) return { hasEnded, hasNews };
    hasNews = true;
    hasEnded ||= next.value.event === 'end';
    if (next.value.event !== 'heartbeat') await tell(next.value);
  }
};
