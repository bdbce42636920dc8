import type { JSX, TargetedSubmitEvent } from 'preact';
import { useState } from 'preact/hooks';
import { BusyButton } from '../parts/busy-button.js';
import { ProblemNote } from '../parts/problem-note.js';
import { leaveForIssuer, type IssuerClient } from './issuer-login.js';

interface Given {
  readonly issuer: IssuerClient | null;
  /** Why one is here: the session ended, or the issuer sent somebody back with an error. */
  readonly error: unknown;
  readonly onKey: (key: string) => Promise<void>;
}

export const SignInPage = ({ issuer, error: before, onKey }: Given): JSX.Element => {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(before);

  const attempt = (work: () => Promise<void>): void => {
    setBusy(true);
    setError(null);
    work()
      .catch(setError)
      .finally(() => setBusy(false));
  };
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const key = new FormData(event.currentTarget).get('key');
    if (typeof key === 'string') attempt(() => onKey(key.trim()));
  };

  return (
    <main class="sign-in" id="main">
      <div class="card">
        <p class="brand">Sexton</p>
        <h1>Sign in</h1>
        <p class="muted">Review what is deleted from your registries, and decide about it.</p>
        {error !== null && <ProblemNote error={error} />}
        {issuer !== null && (
          <>
            <BusyButton
              type="button"
              class="primary wide"
              isBusy={isBusy}
              onPress={() => attempt(() => leaveForIssuer(issuer))}
            >
              Sign in at {new URL(issuer.issuer).host}
            </BusyButton>
            <p class="or">or</p>
          </>
        )}
        <form onSubmit={submit}>
          <label for="key">API key</label>
          <input
            id="key"
            name="key"
            type="password"
            required
            autocomplete="off"
            spellcheck={false}
            aria-describedby="key-hint"
          />
          <p class="hint" id="key-hint">
            It stays in the memory of this page: reloading signs you out.
          </p>
          <BusyButton class={issuer === null ? 'primary wide' : 'wide'} isBusy={isBusy}>
            {isBusy ? 'Signing in …' : 'Sign in with the key'}
          </BusyButton>
        </form>
      </div>
    </main>
  );
};
