import type { ComponentChildren, JSX, TargetedSubmitEvent } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { BusyButton } from './busy-button.js';
import { focusHead } from './page-head.js';
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

/**
 * A modal form: focus stays in it, Escape closes it, and focus goes back to where it was (`<dialog>` does that), or to the
 * heading once it has acted, since the button that opened it may be gone. While it acts it cannot be left: that would look
 * as if nothing was done, and nobody would see what went wrong.
 */
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
      () => {
        dialog.current?.close();
        focusHead();
      },
      (thrown: unknown) => {
        setError(thrown);
        setBusy(false);
      },
    );
  };

  return (
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      onCancel={(event) => isBusy && event.preventDefault()}
      onClose={onClose}
    >
      <form onSubmit={submit}>
        <h2 id={titleId}>{title}</h2>
        {children}
        {error !== null && <ProblemNote error={error} />}
        <div class="buttons">
          <BusyButton type="button" isBusy={isBusy} onPress={() => dialog.current?.close()}>
            Do nothing
          </BusyButton>
          <BusyButton class={isDangerous ? 'danger' : 'primary'} isBusy={isBusy}>
            {isBusy ? 'Sending …' : verb}
          </BusyButton>
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
