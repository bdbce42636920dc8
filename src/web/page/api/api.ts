import createClient, { type Client } from 'openapi-fetch';
import type { paths } from '../../../public-api/openapi.js';
import { ApiProblem, problemOf } from './problem.js';

/** The public API as one caller; the credential is in here, and nowhere else. */
export interface Api {
  readonly call: Client<paths, 'application/json'>;
  /** A GET of a path that is streamed or downloaded. Throws what `problemOf` makes of a failure. */
  readonly stream: (path: string, signal: AbortSignal) => Promise<Response>;
}

/** `onEnded` is told when the credential is not accepted any more. */
export const connect = (credential: string, onEnded: (problem: ApiProblem) => void): Api => {
  const headers = { Authorization: `Bearer ${credential}` };
  const judged = (problem: ApiProblem | Error): ApiProblem | Error => {
    if (problem instanceof ApiProblem && problem.status === 401) onEnded(problem);
    return problem;
  };
  const call = createClient<paths, 'application/json'>({ baseUrl: '', headers });
  call.use({
    onResponse: async ({ response }) => {
      if (response.ok) return;
      const body: unknown = await response.json().catch(() => null);
      throw judged(problemOf(body, response));
    },
  });
  return {
    call,
    stream: async (path, signal) => {
      const response = await fetch(path, { headers, signal });
      if (response.ok) return response;
      throw judged(problemOf(await response.json().catch(() => null), response));
    },
  };
};

/** What a call that succeeded answered; one that did not has thrown. */
export const answer = async <T>(calling: Promise<{ data?: T }>): Promise<T> => {
  const { data } = await calling;
  if (data === undefined) throw new Error('Sexton answered nothing. Try again.');
  return data;
};
