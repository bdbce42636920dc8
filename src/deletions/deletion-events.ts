import type { MessageEvent } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { nothingWhileAway } from '../database/database-fault.js';
import type { DeletionChanges } from './deletion-changes.js';
import { isSettled } from './deletion-state.js';
import { problemView, targetView } from './deletion-view.js';
import type { DeletionsStore } from './deletions.store.js';

/** Proxies close connections that are silent for a minute. */
const HEARTBEAT_MS = 15_000;
/** How long a stream may go on for somebody who may no longer read it. */
const CHECK_MS = 5_000;
/**
 * Looks are so far apart, in milliseconds, the first ones the least: what is short is told at once, and of what takes long a
 * burst of targets comes as several events of one look.
 */
const LEAST_GAP_MS = 50;
const MOST_GAP_MS = 500;
const GAP_GROWTH = 1.5;

/**
 * What happened to a deletion, from its beginning to its end, each event once and in order. Ends early, without an `end`,
 * once `mayRead` says no.
 */
export async function* followDeletion(
  store: DeletionsStore,
  changes: DeletionChanges,
  id: string,
  signal: AbortSignal,
  mayRead: () => Promise<boolean>,
): AsyncGenerator<MessageEvent> {
  let seen = '';
  let seenProgress: string | null = null;
  /** Outcomes come in the order of the targets, but for what an interruption left: all before this one are told. */
  let firstUntold = 0;
  const told = new Set<number>();
  let toldAt = Date.now();
  let checkedAt = toldAt;
  let gapMs = LEAST_GAP_MS;
  const watch = changes.watch(id, signal);
  try {
    while (!watch.isOver) {
      if (Date.now() - checkedAt >= CHECK_MS) {
        checkedAt = Date.now();
        if ((await mayRead().catch(nothingWhileAway)) === false) return;
      }
      const now = await store.statusOf(id, firstUntold).catch(nothingWhileAway);
      if (watch.isOver) return;
      const events: MessageEvent[] = [];
      if (now) {
        for (const target of now.ended.filter(({ position }) => !told.has(position))) {
          told.add(target.position);
          events.push({ type: 'target', data: targetView(target) });
        }
        while (told.has(firstUntold)) firstUntold += 1;
        const { state } = now;
        const mark = `${state} ${now.problem?.retryAt ?? ''}`;
        if (mark !== seen) {
          seen = mark;
          const data = { id, state, problem: problemView(now), done: told.size, total: now.total };
          events.push({ type: 'state', data });
        }
        const progress = JSON.stringify(now.progress);
        if (progress !== seenProgress) {
          seenProgress = progress;
          if (now.progress) events.push({ type: 'progress', data: { id, ...now.progress } });
        }
        if (isSettled(state)) events.push({ type: 'end', data: { id, state } });
      }
      if (events.length === 0 && Date.now() - toldAt >= HEARTBEAT_MS) {
        events.push({ type: 'heartbeat', data: {} });
      }
      if (events.length > 0) toldAt = Date.now();
      yield* events;
      if (now && isSettled(now.state)) return;
      await delay(gapMs, undefined, { signal }).catch(() => undefined);
      gapMs = Math.min(MOST_GAP_MS, gapMs * GAP_GROWTH);
      await watch.next(HEARTBEAT_MS);
    }
  } finally {
    watch.end();
  }
}
