import type { Tracing } from '../../../telemetry/tracing/tracing.js';
import type { AroundBatch, EntryState } from '../../engine/journal.js';
import { LookStopped, type Look, type Surveyor } from '../../engine/surveyor.js';

/** `surveyor`, each of whose looks is a span: the mark. What other threads read for it is in its time. */
export const showLooks = <L extends Look>(surveyor: Surveyor<L>, tracing: Tracing): Surveyor<L> => ({
  ...surveyor,
  look: async (rules, hooks = {}) => {
    const found = await tracing.inSpan('collection mark', {}, async (span) => {
      const onRepository = (read: number, of: number): void => {
        span.set({ 'sexton.repositories': read });
        hooks.onRepository?.(read, of);
      };
      try {
        const look = await surveyor.look(rules, { ...hooks, onRepository });
        span.set({ 'sexton.faults': look.faults.length, 'sexton.blocked': look.blocked !== null });
        return look;
      } catch (error) {
        // A window that closed is no fault.
        if (error instanceof LookStopped) return error;
        throw error;
      }
    });
    if (found instanceof LookStopped) throw found;
    return found;
  },
});

/** Shows each batch, whose entries become `state`, as a span. */
export const showBatches =
  (tracing: Tracing, state: EntryState): AroundBatch =>
  (work) =>
    tracing.inSpan('collection batch', { attributes: { 'sexton.state': state } }, async (span) => {
      const entries = await work();
      const bytes = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      span.set({ 'sexton.entries': entries.length, 'sexton.bytes': bytes });
      return entries;
    });
