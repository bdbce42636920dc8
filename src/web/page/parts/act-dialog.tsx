import type { ComponentChildren, JSX, TargetedSubmitEvent } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { ProblemNote } from './problem-note.js';

interface Given {
  readonly title: string;
  /** On the button that does it. */
  readonly verb: string;
  readonly isDangerous?: boolean;
  readonly children?: ComponentChildren;
  /** Gets what the form holds; what it throws is shown, and the dialog stays. */
  readonly onAct: (form: FormData) => Promise<void>;
  readonly onClose: () => void;
}

/** A modal form: focus stays in it, Escape closes it, and focus goes back to where it was (`<dialog>` does that). */
export const ActDialog = ({ title, verb, isDangerous, children, onAct, onClose }: Given): JSX.Element => {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  useEffect(() => dialog.current?.showModal(), []);

  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    onAct(new FormData(event.currentTarget)).then(
      () => dialog.current?.close(),
      (thrown: unknown) => {
        setError(thrown);
        setBusy(false);
      },
    );
  };

  return (
    <dialog ref={dialog} aria-labelledby={titleId} onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id={titleId}>{title}</h2>
        {children}
        {error !== null && <ProblemNote error={error} />}
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Do nothing
          </button>
          <button class={isDangerous ? 'danger' : 'primary'} disabled={isBusy}>
            {isBusy ? 'Sending …' : verb}
          </button>
        </div>
      </form>
    </dialog>
  );
};

/** What a form holds under this name, without the space around it. */
export const textOf = (form: FormData, name: string): string => {
  const value = form.get(name);
  return typeof value === 'string' ? value.trim() : '';
};
