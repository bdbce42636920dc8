import { ERROR_KINDS, type ErrorCode } from './codes.js';

/** One fault of one field, for `errors[]` of a problem. `path` is a JSON Pointer into the request, or a name. */
export interface FieldFault {
  readonly path: string;
  readonly message: string;
}

interface SextonErrorOptions {
  /** What happened, in one sentence that names the thing; never holds a secret. */
  readonly detail?: string;
  readonly faults?: readonly FieldFault[];
  /** Set where trying again can help; the least time to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** Codes after which the same call may succeed later, without anyone changing anything in Sexton. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  'upstream_unavailable',
  'upstream_timeout',
  'upstream_error',
  'upstream_rate_limited',
  'registry_read_only',
]);

/** The one error class. `code` is stable and documented; status, title and hint come from the table of codes. */
export class SextonError extends Error {
  readonly code: ErrorCode;
  readonly faults: readonly FieldFault[];
  readonly retryAfterMs: number | null;

  constructor(code: ErrorCode, options: SextonErrorOptions = {}) {
    super(options.detail ?? ERROR_KINDS[code].title, { cause: options.cause });
    this.name = 'SextonError';
    this.code = code;
    this.faults = options.faults ?? [];
    this.retryAfterMs = options.retryAfterMs ?? null;
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

  get canRetry(): boolean {
    return RETRYABLE.has(this.code);
  }
}
