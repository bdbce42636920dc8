import type { Tracing } from '../../../telemetry/tracing/tracing.js';
import type { CommandResult } from './run-command.js';

export type CommandStep = 'version' | 'dry run' | 'before' | 'collect' | 'afterwards' | 'after';

/**
 * Runs a command as a span. Its arguments are in none: they may hold a secret, and so may what it prints. One that ends
 * because `stop` aborted, as where the window closed, did not fail.
 */
export const inCommandSpan = (
  tracing: Tracing,
  step: CommandStep,
  [program = '']: readonly string[],
  stop: AbortSignal,
  run: () => Promise<CommandResult>,
): Promise<CommandResult> => {
  const attributes = { 'sexton.step': step, 'sexton.program': program };
  return tracing.inSpan('collection command', { attributes }, async (span) => {
    const result = await run();
    if (result.exitCode !== null) span.set({ 'sexton.exit_code': result.exitCode });
    if (result.exitCode !== 0 && !stop.aborted) span.fail('command_failed');
    return result;
  });
};
