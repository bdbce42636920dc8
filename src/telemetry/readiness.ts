import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from './logger.js';

/** Nest token of `readonly ReadinessCheck[]`. */
export const READINESS_CHECKS = Symbol('READINESS_CHECKS');

/** One dependency; `check` throws when it does not work. */
export interface ReadinessCheck {
  readonly name: string;
  /** Shown, but never makes Sexton unready: a registry that is down parks its own work and nothing else. */
  readonly informational?: boolean;
  check(): Promise<void>;
}

export interface CheckResult {
  readonly name: string;
  readonly status: 'ok' | 'failing';
  readonly required: boolean;
  readonly durationMs: number;
  /** A code such as ECONNREFUSED; the whole error is in the log, because anyone may ask. */
  readonly code: string | null;
}

export interface ReadinessReport {
  readonly ready: boolean;
  readonly checks: readonly CheckResult[];
}

const TIMEOUT_MS = 2_000;
/** Anyone may ask as often as they like; the dependencies are asked at most this often. */
const REMEMBER_MS = 1_000;

/** Asks every dependency at once, each with a deadline. */
@Injectable()
export class Readiness {
  private last: { readonly atMs: number; readonly report: Promise<ReadinessReport> } | null = null;

  constructor(
    @Inject(READINESS_CHECKS) private readonly checks: readonly ReadinessCheck[],
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  report(): Promise<ReadinessReport> {
    const nowMs = Date.now();
    if (!this.last || nowMs - this.last.atMs >= REMEMBER_MS) this.last = { atMs: nowMs, report: this.ask() };
    return this.last.report;
  }

  private async ask(): Promise<ReadinessReport> {
    const checks = await Promise.all(this.checks.map((check) => this.result(check)));
    return { ready: checks.every((check) => check.status === 'ok' || !check.required), checks };
  }

  private async result(check: ReadinessCheck): Promise<CheckResult> {
    const startedMs = performance.now();
    const answer = (status: CheckResult['status'], code: string | null): CheckResult => ({
      name: check.name,
      status,
      required: check.informational !== true,
      durationMs: Math.round(performance.now() - startedMs),
      code,
    });
    try {
      await withinMs(check, TIMEOUT_MS);
      return answer('ok', null);
    } catch (error) {
      this.logger.warn({ err: error, check: check.name }, 'a dependency does not work');
      return answer('failing', codeOf(error));
    }
  }
}

const withinMs = async (check: ReadinessCheck, timeoutMs: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    const late = Object.assign(new Error(`${check.name} did not answer in ${timeoutMs} ms`), {
      code: 'timeout',
    });
    timer = setTimeout(() => reject(late), timeoutMs);
  });
  try {
    await Promise.race([check.check(), deadline]);
  } finally {
    clearTimeout(timer);
  }
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'failed';
