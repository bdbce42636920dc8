import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { answer, connect, type Api } from '../api/api.js';
import type { Me } from '../../../public-api/openapi.js';
import type { ApiProblem } from '../api/problem.js';

/** Somebody who is signed in. The credential is in memory, in `api`, and ends with the page. */
export interface Session {
  readonly api: Api;
  readonly me: Me;
}

/** Asks Sexton whose credential it is; throws what Sexton says where it takes none. */
export const signIn = async (
  credential: string,
  onEnded: (problem: ApiProblem) => void,
): Promise<Session> => {
  let isIn = false;
  // Until Sexton took it, a refusal is the answer to signing in and not the end of a session.
  const api = connect(credential, (problem) => {
    if (isIn) onEnded(problem);
  });
  const me = await answer(api.call.GET('/v1/me'));
  isIn = true;
  return { api, me };
};

export const SessionContext = createContext<Session | null>(null);

export const useSession = (): Session => {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('Nobody is signed in');
  return session;
};
