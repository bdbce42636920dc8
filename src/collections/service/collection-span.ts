import { isDeepStrictEqual } from 'node:util';
import type { SpanAttributes, Tracing } from '../../telemetry/tracing/tracing.js';
import type { CollectionRow } from './collections.store.js';

interface Stretch {
  readonly nowMs: number;
  readonly work: () => Promise<void>;
  /** The row as it is once the work has ended. */
  readonly after: () => Promise<CollectionRow | null>;
}

/**
 * Runs a stretch of work on a collection as a span of the trace that its request, or the request to undo it, belongs to;
 * what a window asked for is a trace of its own. The row says what became of it: whatever fails is noted there.
 */
export const inCollectionSpan = (
  tracing: Tracing,
  step: 'run' | 'undo',
  row: CollectionRow,
  { nowMs, work, after }: Stretch,
): Promise<void> => {
  const attributes = {
    'sexton.collection': row.id,
    'sexton.registry': row.registry,
    'sexton.engine': row.engine,
    'sexton.mode': row.mode,
    'sexton.attempt': row.attempts + 1,
  };
  const parent = step === 'undo' ? (row.undo_request?.traceparent ?? null) : row.traceparent;
  return tracing.inSpan(`collection ${step}`, { attributes, parent, kind: 'consumer' }, async (span) => {
    // The wait for a window is none for the queue.
    if (step === 'run' && row.run_when === 'now' && row.started_at === null && row.attempts === 0) {
      const waitedMs = Math.max(0, nowMs - row.created_at.getTime());
      tracing.took('queue wait', waitedMs, { attributes: { 'sexton.collection': row.id } });
    }
    await work();
    // The work is done and noted: what a trace says of it is not worth failing for.
    const ended = (await after().catch(() => null)) ?? row;
    span.set({ 'sexton.outcome': ended.state, ...countsOf(ended) });
    if (ended.problem && !isDeepStrictEqual(ended.problem, row.problem)) span.fail(ended.problem.code);
  });
};

/** Of the collection so far, not of this stretch alone. */
const countsOf = (row: CollectionRow): SpanAttributes => {
  const { count = null, bytes = null } = row.summary?.garbage ?? {};
  return {
    'sexton.batches': row.batches,
    'sexton.quarantined': row.quarantined_blobs,
    'sexton.quarantined_bytes': row.quarantined_bytes,
    'sexton.restored': row.restored_blobs,
    'sexton.purged': row.purged_blobs,
    ...(count !== null && { 'sexton.garbage': count }),
    ...(bytes !== null && { 'sexton.garbage_bytes': bytes }),
  };
};
