import { ERROR_KINDS, type ErrorCode } from './codes.js';

/** One entry of `errors[]` of a problem: a JSON Pointer into the request where there is one, and what it is about. */
export interface Fault {
  readonly path?: string;
  readonly message: string;
  readonly code?: ErrorCode;
  readonly reference?: string;
  readonly tags?: readonly string[];
  readonly parents?: readonly string[];
}

interface SextonErrorOptions {
  /** What happened, in one sentence that names the thing; never holds a secret. */
  readonly detail?: string;
  readonly faults?: readonly Fault[];
  /** Set where trying again can help; the least time to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Set where the same call may succeed later, which its code alone does not say. */
  readonly canRetry?: boolean;
  /** The resource it is about, where that is not the path that was asked for. */
  readonly instance?: string;
  readonly cause?: unknown;
}

/** Codes after which the same call may succeed later, without anyone changing anything in Sexton. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  'upstream_unavailable',
  'upstream_timeout',
  'upstream_rate_limited',
  'registry_read_only',
  'storage_unavailable',
  'storage_locked',
  'database_unavailable',
]);

/** The one error class. `code` is stable and documented; status, title and hint come from the table of codes. */
export class SextonError extends Error {
  readonly code: ErrorCode;
  readonly faults: readonly Fault[];
  readonly retryAfterMs: number | null;
  readonly instance: string | null;
  readonly canRetry: boolean;

  constructor(code: ErrorCode, options: SextonErrorOptions = {}) {
    super(options.detail ?? ERROR_KINDS[code].title, { cause: options.cause });
    this.name = 'SextonError';
    this.code = code;
    this.faults = options.faults ?? [];
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.instance = options.instance ?? null;
    this.canRetry = options.canRetry ?? RETRYABLE.has(code);
  }

  get status(): number {
    return ERROR_KINDS[this.code].status;
  }

  get title(): string {
    return ERROR_KINDS[this.code].title;
  }

  get hint(): string {
    return ERROR_KINDS[this.code].hint;
  }
}
