import { useEffect, useRef, useState } from 'preact/hooks';
import { answer } from '../api/api.js';
import type { Deletion } from '../../../public-api/openapi.js';
import { useAsked } from '../api/use-asked.js';
import { useSession } from '../sign-in/session.js';
import { follow, type DeletionEvent } from './follow.js';
import { after, isLive, isOpen } from './progress.js';

/** Between two looks at what waits for a person, and before a broken stream is begun anew, in milliseconds. */
const LOOK_AGAIN_MS = 10_000;
const BEGIN_ANEW_MS = 2_000;

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      done();
    });
  });

/** Listens to the events of a deletion while `isWanted`, also over a restart of the server. */
const useEvents = (id: string, isWanted: boolean, onEvent: (event: DeletionEvent) => void): void => {
  const { api } = useSession();
  const told = useRef(onEvent);
  told.current = onEvent;
  useEffect(() => {
    if (!isWanted) return;
    const left = new AbortController();
    const listen = async (): Promise<void> => {
      while (!left.signal.aborted) {
        try {
          for await (const event of follow(api, id, left.signal)) {
            if (left.signal.aborted) return;
            told.current(event);
            if (event.type === 'end') return;
          }
        } catch {
          // The deletion goes on without whoever watches it; so does the watching.
        }
        await pause(BEGIN_ANEW_MS, left.signal);
      }
    };
    void listen();
    return () => left.abort();
  }, [api, id, isWanted]);
};

/** One deletion, kept up to date: by its events while it works, by looking again while it waits for somebody. */
export const useDeletion = (id: string) => {
  const { api } = useSession();
  const { asked, again, put } = useAsked(
    (signal) => answer(api.call.GET('/v1/deletions/{id}', { params: { path: { id } }, signal })),
    id,
  );
  useEvents(id, asked.state === 'there' && isLive(asked.value), (event) => {
    put((before) => after(before, event));
    // The plan and the times are not in the events.
    if (event.type === 'state' || event.type === 'end') again();
  });
  const isWaiting = asked.state === 'there' && isOpen(asked.value);
  useEffect(() => {
    if (!isWaiting) return;
    const timer = setInterval(() => {
      if (!document.hidden) again();
    }, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [isWaiting, again]);
  return { asked, again, put };
};

/** A deletion of a list as its events change it, while `isFollowed`; `onEnd` when they are over. */
export const useFollowed = (deletion: Deletion, isFollowed: boolean, onEnd: () => void): Deletion => {
  const [now, setNow] = useState(deletion);
  useEffect(() => setNow(deletion), [deletion]);
  useEvents(deletion.id, isFollowed && isLive(deletion), (event) => {
    setNow((before) => after(before, event));
    if (event.type === 'end') onEnd();
  });
  return now;
};
