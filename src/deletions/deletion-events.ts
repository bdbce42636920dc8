import type { MessageEvent } from '@nestjs/common';
import type { DeletionChanges } from './deletion-changes.js';
import { isSettled } from './deletion-state.js';
import { problemView, targetView } from './deletion-view.js';
import type { DeletionsStore } from './deletions.store.js';

/** Proxies close connections that are silent for a minute. */
const HEARTBEAT_MS = 15_000;

/** What happened to a deletion, from its beginning to its end, each event once and in order. */
export async function* followDeletion(
  store: DeletionsStore,
  changes: DeletionChanges,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<MessageEvent> {
  let seen = '';
  let seenProgress: string | null = null;
  const told = new Set<number>();
  while (!signal.aborted && !changes.stopped.aborted) {
    const change = await changes.waitFor(id, HEARTBEAT_MS, signal, async () => {
      const row = await store.find(id);
      if (!row) return null;
      const targets = await store.targetsOf([id]);
      const fresh = targets.filter((target) => target.outcome !== null && !told.has(target.position));
      const mark = `${row.state} ${row.problem?.retryAt ?? ''}`;
      const progress = JSON.stringify(row.progress);
      const isNews = mark !== seen || progress !== seenProgress || fresh.length > 0;
      return isNews ? { row, targets, fresh, mark, progress } : null;
    });
    if (signal.aborted || changes.stopped.aborted) return;
    if (change === null) {
      yield { type: 'heartbeat', data: {} };
      continue;
    }
    const { row, targets, fresh, mark, progress } = change;
    for (const target of fresh) {
      told.add(target.position);
      yield { type: 'target', data: targetView(target) };
    }
    if (mark !== seen) {
      seen = mark;
      const { state } = row;
      yield {
        type: 'state',
        data: { id, state, problem: problemView(row), done: told.size, total: targets.length },
      };
    }
    if (progress !== seenProgress) {
      seenProgress = progress;
      if (row.progress) yield { type: 'progress', data: { id, ...row.progress } };
    }
    if (isSettled(row.state)) {
      yield { type: 'end', data: { id, state: row.state } };
      return;
    }
  }
}
