import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '../../../audit/audit-event.js';
import { SextonError } from '../../../errors/sexton-error.js';
import type { Registry } from '../../../registries/registry.js';
import type { RegistryOptions } from '../../../registries/registry-options.js';
import type { ExchangeObserver } from '../../../registries/upstream/observed-exchange.js';
import type { Tracing } from '../../../telemetry/tracing/tracing.js';
import type { CommandOptions } from '../../collection-options.js';
import type { BringBack, CollectionEngine, EngineEnd, EngineRun } from '../engine-port.js';
import type { Finding, Summary } from '../../engine/report.js';
import { mustHoldNothing } from '../must-hold-nothing.js';
import { collectorCheckpoint, endOrphan } from './orphan.js';
import { blobsIn, majorVersion, parseOutput, type CollectorOutput } from './parse-output.js';
import { proveReadOnly } from './read-only-proof.js';
import { runCommand, type CommandResult } from './run-command.js';
import { inCommandSpan, type CommandStep } from './command-span.js';
import { findTaggedIndex } from './tagged-index.js';

/** Lines of a failed program that are worth showing. */
const LAST_LINES = 50;
/** Why a collector was ended that might not go on. */
const STOPPED = new Error('was stopped');
const NEEDS_FLUSH =
  'The registry remembers blobs that are gone: restart every replica, and flush its Redis cache if it has one, or list the commands under afterwards (FACTS §1.13).';

/**
 * The registry's own `garbage-collect`, between commands that stop the registry (or make it read-only) and bring it
 * back. It takes no lock and breaks pushes under way, so it runs only once the registry was proved to take none.
 */
export class CommandEngine implements CollectionEngine {
  private readonly log: Finding[] = [];

  constructor(
    private readonly options: CommandOptions,
    private readonly registry: Registry,
    private readonly upstream: RegistryOptions,
    private readonly observe: ExchangeObserver,
    private readonly tracing: Tracing,
    private readonly pollEveryMs: number,
  ) {}

  async collect(run: EngineRun): Promise<EngineEnd> {
    const beganMs = performance.now();
    try {
      await mustHoldNothing(run);
      if (run.untaggedMinAgeMs !== null) await this.mustSpareChildren(run.signal);
      // First without deleting: what cannot be read aborts here, with the registry still up.
      const found = await this.garbageCollect(run, 'dry run', ['--dry-run']);
      if (found === null) return { isFinished: false, measures: null };
      await run.report(summaryOf(found), [...this.log, ...found.findings]);
      if (run.mode === 'dry-run' || found.blobs.length + found.manifests === 0)
        return { isFinished: true, measures: null };
      if (!(await run.mayGoOn())) return { isFinished: false, measures: null };
      const surveyMs = performance.now() - beganMs;
      const collected = await this.collectOffline(run);
      if (collected === null) {
        await run.report(summaryOf(found), [...this.log, ...found.findings]);
        return { isFinished: false, measures: null };
      }
      await run.report(summaryOf(collected), [...this.log, ...collected.findings]);
      const sweepMs = performance.now() - beganMs - surveyMs;
      return { isFinished: true, measures: { surveyMs, sweepMs, blobs: collected.blobs.length } };
    } catch (error) {
      await run.report(EMPTY, this.log);
      throw error;
    }
  }

  async bringBack(run: BringBack): Promise<void> {
    await endOrphan(run.checkpoint, run.signal);
    let failure: SextonError | null = null;
    for (const command of this.options.after) {
      try {
        // Not ended by a stop of Sexton: the registry comes back first.
        await this.mustSucceed(command, 'after', new AbortController().signal);
      } catch (error) {
        if (!(error instanceof SextonError)) throw error;
        failure ??= error;
      }
    }
    if (failure) throw failure;
    await run.saveCheckpoint({}, { owesAfter: false });
  }

  /** Null where it might not go on to the end. */
  private async collectOffline(run: EngineRun): Promise<CollectorOutput | null> {
    // From here on the registry has to be brought back, whoever does it and whatever happens (TRAPS 29).
    await run.saveCheckpoint({}, { owesAfter: true });
    let checkpoint: JsonObject | null = null;
    try {
      for (const command of this.options.before) await this.mustSucceed(command, 'before', run.signal);
      await proveReadOnly(this.upstream, this.observe, {
        timeoutMs: this.options.proofTimeoutMs,
        pollEveryMs: this.pollEveryMs,
        signal: run.signal,
      });
      await run.claim.assertHeld();
      const collected = await this.garbageCollect(run, 'collect', [], async (pid) => {
        checkpoint = collectorCheckpoint(pid, this.options.garbageCollect[0] ?? '');
        await run.saveCheckpoint(checkpoint, { owesAfter: true });
      });
      for (const command of this.options.afterwards)
        await this.mustSucceed(command, 'afterwards', run.signal);
      if (this.options.afterwards.length === 0) this.say(NEEDS_FLUSH);
      return collected;
    } finally {
      await this.bringBack({ ...run, checkpoint });
    }
  }

  private async garbageCollect(
    run: EngineRun,
    step: 'dry run' | 'collect',
    flags: readonly string[],
    onStart?: (pid: number) => Promise<void>,
  ): Promise<CollectorOutput | null> {
    const untagged = run.untaggedMinAgeMs === null ? [] : ['--delete-untagged'];
    const command = [...this.options.garbageCollect, ...flags, ...untagged];
    const done = new AbortController();
    const stop = new AbortController();
    const watching = this.watch(run, stop, done.signal);
    let result: CommandResult;
    try {
      result = await inCommandSpan(this.tracing, step, command, stop.signal, () =>
        runCommand(command, { signal: stop.signal, ...(onStart && { onStart }) }),
      );
    } finally {
      done.abort();
      await watching;
    }
    // Each is named before it is deleted: the last one of a run that was ended may still be there.
    if (onStart) await run.removed(blobsIn(result.lines));
    run.signal.throwIfAborted();
    if (stop.signal.aborted && stop.signal.reason !== STOPPED) throw stop.signal.reason;
    if (stop.signal.aborted) {
      this.say(`${command[0]}: stopped, because the window closed or somebody cancelled`);
      return null;
    }
    if (result.exitCode !== 0) throw this.failed(command, 'garbage-collect', result);
    const output = parseOutput(result.lines);
    if (output) return output;
    this.say(...result.lines.slice(-LAST_LINES));
    throw new SextonError('command_failed', {
      detail: 'The output of garbage-collect is none that is known from registry 2.8 or 3.x',
    });
  }

  /** Asks again and again whether the collector may go on, until `done` aborts; ends it where not, or nobody can say. */
  private async watch(run: EngineRun, stop: AbortController, done: AbortSignal): Promise<void> {
    try {
      while (!done.aborted) {
        await delay(this.pollEveryMs, undefined, { signal: done }).catch(() => undefined);
        if (!done.aborted && (run.signal.aborted || !(await run.mayGoOn()))) return stop.abort(STOPPED);
      }
    } catch (error) {
      stop.abort(error);
    }
  }

  /** `--delete-untagged` of 2.x deletes the children of tagged indexes (TRAPS 21). */
  private async mustSpareChildren(signal: AbortSignal): Promise<void> {
    const version = await this.mustSucceed(this.options.version, 'version', signal);
    const major = majorVersion(version.lines);
    if (major !== null && major >= 3) return;
    const index = await findTaggedIndex(this.registry, signal);
    if (index === null) return;
    throw new SextonError('untagged_breaks_indexes', {
      detail: `${index} is an index, and registry ${major ?? 'of an unknown version'} would delete its children`,
    });
  }

  private async mustSucceed(
    command: readonly string[],
    what: CommandStep,
    signal: AbortSignal,
  ): Promise<CommandResult> {
    const timeout = AbortSignal.timeout(this.options.commandTimeoutMs);
    const result = await inCommandSpan(this.tracing, what, command, signal, () =>
      runCommand(command, { signal: AbortSignal.any([signal, timeout]) }),
    );
    signal.throwIfAborted();
    if (result.exitCode !== 0) throw this.failed(command, what, result);
    this.say(`${what}: ${command[0]}`, ...result.lines.slice(-LAST_LINES));
    return result;
  }

  private failed(command: readonly string[], what: string, result: CommandResult): SextonError {
    this.say(`${what}: ${command[0]}`, ...result.lines.slice(-LAST_LINES));
    const how = result.problem ?? `ended with ${result.exitCode}`;
    this.say(how);
    return new SextonError('command_failed', { detail: `The ${what} command ${command[0]} ${how}` });
  }

  private say(...lines: readonly string[]): void {
    for (const line of lines) this.log.push({ kind: 'log', line });
  }
}

const EMPTY: Summary = {
  repositories: null,
  manifests: null,
  garbage: { count: null, bytes: null },
  reasons: {},
  young: null,
  keptInDoubt: null,
  blocked: null,
  faults: 0,
};

const summaryOf = (output: CollectorOutput): Summary => ({
  ...EMPTY,
  repositories: output.repositories,
  manifests: output.manifests,
  garbage: { count: output.blobs.length, bytes: null },
});
