import type { Problem } from '../../../public-api/openapi.js';

/** What went wrong, as the page shows it: what happened, and what to do next. */
export interface Shown {
  readonly title: string;
  readonly detail: string;
  readonly faults: readonly string[];
  /** When the same can be asked for again, in words; null where nothing says so. */
  readonly wait: string | null;
  /** For whoever looks into the log; null where Sexton was not reached. */
  readonly requestId: string | null;
}

/** An answer of the API that is a problem. */
export class ApiProblem extends Error {
  constructor(
    readonly problem: Problem,
    readonly status: number,
    /** What `Retry-After` names; null without it. */
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(problem.detail);
    this.name = 'ApiProblem';
  }
}

const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && 'detail' in value && 'code' in value && 'title' in value;

/** Sexton names whole seconds; a date, as a proxy may, says nothing here. */
const secondsIn = (retryAfter: string | null): number | null =>
  retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : null;

const waitOf = (seconds: number): string =>
  `Try again in ${seconds === 1 ? 'a second' : `${seconds} seconds`}.`;

/** The problem of an answer that is no success; of something else than Sexton (a proxy) what can be said of it. */
export const problemOf = (body: unknown, response: Response): ApiProblem | Error =>
  isProblem(body)
    ? new ApiProblem(body, response.status, secondsIn(response.headers.get('Retry-After')))
    : new Error(`Something before Sexton answered ${response.status}. Try again, or look at the proxy.`);

/** Any error in words. */
export const shownOf = (error: unknown): Shown => {
  if (error instanceof ApiProblem) {
    const { title, detail, errors, requestId } = error.problem;
    const faults = errors.map(({ path, message }) => (path === undefined ? message : `${path}: ${message}`));
    return {
      title,
      detail,
      faults: faults.filter((fault) => !detail.includes(fault) && !detail.startsWith(fault)),
      wait: error.retryAfterSeconds === null ? null : waitOf(error.retryAfterSeconds),
      requestId,
    };
  }
  if (error instanceof TypeError) {
    return {
      title: 'Sexton cannot be reached',
      detail: 'No answer came. Look at the network and at whether Sexton runs, then try again.',
      faults: [],
      wait: null,
      requestId: null,
    };
  }
  const detail = error instanceof Error ? error.message : 'Try again.';
  return { title: 'That did not work', detail, faults: [], wait: null, requestId: null };
};
