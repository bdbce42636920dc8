import type { JSX } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { App } from './app.js';
import { issuerOfDocument, tokenOfReturn } from './sign-in/issuer-login.js';
import { SessionContext, signIn, type Session } from './sign-in/session.js';
import { SignInPage } from './sign-in/sign-in-page.js';

type Standing =
  | { readonly is: 'returning' }
  | { readonly is: 'out'; readonly error: unknown }
  | { readonly is: 'in'; readonly session: Session };

/** Who comes in, and how it ends. Reloading forgets who was in: nothing that opens Sexton is stored. */
export const Entrance = (): JSX.Element => {
  const [issuer] = useState(issuerOfDocument);
  const [standing, setStanding] = useState<Standing>(
    issuer !== null && new URLSearchParams(location.search).has('state')
      ? { is: 'returning' }
      : { is: 'out', error: null },
  );
  const enter = useCallback(async (credential: string): Promise<void> => {
    const session = await signIn(credential, (error) => setStanding({ is: 'out', error }));
    setStanding({ is: 'in', session });
  }, []);

  useEffect(() => {
    if (issuer === null) return;
    tokenOfReturn(issuer)
      .then((token) => (token === null ? undefined : enter(token)))
      .catch((error: unknown) => setStanding({ is: 'out', error }));
  }, [issuer, enter]);

  useEffect(() => {
    if (standing.is === 'out') document.title = 'Sign in · Sexton';
  }, [standing.is]);

  switch (standing.is) {
    case 'returning':
      return (
        <main class="sign-in">
          <h1 class="unseen">Signing in</h1>
          <p role="status">Signing in …</p>
        </main>
      );
    case 'out':
      return <SignInPage issuer={issuer} error={standing.error} onKey={enter} />;
    case 'in':
      return (
        <SessionContext.Provider value={standing.session}>
          <App onSignOut={() => setStanding({ is: 'out', error: null })} />
        </SessionContext.Provider>
      );
  }
};
