import type { Problem } from '../../../public-api/openapi.js';

/** What went wrong, as the page shows it: what happened, and what to do next. */
export interface Shown {
  readonly title: string;
  readonly detail: string;
  readonly faults: readonly string[];
  /** For whoever looks into the log; null where Sexton was not reached. */
  readonly requestId: string | null;
}

/** An answer of the API that is a problem. */
export class ApiProblem extends Error {
  constructor(
    readonly problem: Problem,
    readonly status: number,
  ) {
    super(problem.detail);
    this.name = 'ApiProblem';
  }
}

const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && 'detail' in value && 'code' in value && 'title' in value;

/** The problem of an answer that is no success; of something else than Sexton (a proxy) what can be said of it. */
export const problemOf = (body: unknown, response: Response): ApiProblem | Error =>
  isProblem(body)
    ? new ApiProblem(body, response.status)
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
      requestId,
    };
  }
  if (error instanceof TypeError) {
    return {
      title: 'Sexton cannot be reached',
      detail: 'No answer came. Look at the network and at whether Sexton runs, then try again.',
      faults: [],
      requestId: null,
    };
  }
  const detail = error instanceof Error ? error.message : 'Try again.';
  return { title: 'That did not work', detail, faults: [], requestId: null };
};
