import type { DeletionRow, TargetRow } from '../deletions/deletion-view.js';
import type { Span, Tracing } from '../telemetry/tracing/tracing.js';
import type { TargetResult } from './target-executor.js';

/**
 * Runs one step of a deletion as a span of the trace that its request, or the request to restore it, belongs to. The
 * first try of a step that has waited since `waitingSince` also shows how long.
 */
export const inDeletionSpan = <T>(
  tracing: Tracing,
  step: 'plan' | 'execute' | 'restore',
  row: DeletionRow,
  waitingSince: Date | null,
  work: () => Promise<T>,
): Promise<T> => {
  const attributes = {
    'sexton.deletion': row.id,
    'sexton.registry': row.registry,
    'sexton.repository': row.repository,
    'sexton.attempt': row.attempts + 1,
  };
  const parent = step === 'restore' ? (row.restore_request?.traceparent ?? null) : row.traceparent;
  return tracing.inSpan(`deletion ${step}`, { attributes, parent, kind: 'consumer' }, () => {
    if (waitingSince !== null && row.attempts === 0) {
      const waitedMs = Math.max(0, Date.now() - waitingSince.getTime());
      tracing.took('queue wait', waitedMs, { attributes: { 'sexton.deletion': row.id } });
    }
    return work();
  });
};

/** Runs the work on one target as a span that says what became of it. */
export const inTargetSpan = (
  tracing: Tracing,
  target: TargetRow,
  work: () => Promise<TargetResult>,
): Promise<TargetResult> => {
  const attributes = { 'sexton.reference': target.reference, 'sexton.digest': target.digest };
  return tracing.inSpan('deletion target', { attributes }, async (span: Span) => {
    const result = await work();
    span.set({ 'sexton.outcome': result.outcome });
    if (result.outcome === 'failed') span.fail(result.code ?? 'failed');
    return result;
  });
};
