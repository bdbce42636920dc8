import type { JSX } from 'preact';

type Given = Omit<JSX.IntrinsicElements['button'], 'onClick' | 'disabled'> & {
  readonly isBusy: boolean;
  readonly onPress?: () => void;
};

/**
 * A button that does nothing while what it began goes on. It is not `disabled` then, which would take focus from whoever
 * pressed it.
 */
export const BusyButton = ({ isBusy, onPress, ...rest }: Given): JSX.Element => (
  <button
    {...rest}
    aria-disabled={isBusy}
    onClick={(event) => {
      // Also of a submit button, and of Enter in a field of its form.
      if (isBusy) event.preventDefault();
      else onPress?.();
    }}
  />
);
