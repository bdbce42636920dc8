import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';

interface Given {
  readonly label: string;
  readonly hint?: string;
  readonly isWide?: boolean;
  readonly children: (ids: {
    readonly id: string;
    readonly 'aria-describedby': string | undefined;
  }) => ComponentChildren;
}

/** A control with its label, and a hint that is read out with it. */
export const Field = ({ label, hint, isWide, children }: Given): JSX.Element => {
  const id = useId();
  return (
    <div class={isWide ? 'field wide-field' : 'field'}>
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': hint === undefined ? undefined : `${id}-hint` })}
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
};

/** Why; it stands in the audit log. */
export const ReasonField = ({
  hint = 'Stands in the audit log.',
}: {
  readonly hint?: string;
}): JSX.Element => (
  <Field label="Reason" hint={hint} isWide>
    {(ids) => <textarea {...ids} name="reason" required maxLength={2000} rows={2} />}
  </Field>
);

interface Choice {
  readonly label: string;
  readonly name: string;
  readonly value?: string;
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly hint?: string;
  readonly onChoice?: (value: string) => void;
}

/**
 * `value` is what it shows at first. Preact puts a select's `value` back whenever it draws, which took away what
 * somebody had chosen while a list was on its way; `selected` it sets only where that changes.
 */
export const SelectField = ({ label, name, value, options, hint, onChoice }: Choice): JSX.Element => (
  <Field label={label} {...(hint !== undefined && { hint })}>
    {(ids) => (
      <select {...ids} name={name} onChange={(event) => onChoice?.(event.currentTarget.value)}>
        {options.map(([option, text]) => (
          <option key={option} value={option} selected={option === value}>
            {text}
          </option>
        ))}
      </select>
    )}
  </Field>
);

interface Text {
  readonly label: string;
  readonly name: string;
  readonly value?: string;
  readonly isMoment?: boolean;
  readonly hint?: string;
  readonly isRequired?: boolean;
  readonly placeholder?: string;
}

export const TextField = ({
  label,
  name,
  value,
  isMoment,
  hint,
  isRequired,
  placeholder,
}: Text): JSX.Element => (
  <Field label={label} {...(hint !== undefined && { hint })}>
    {(ids) => {
      const attributes = { ...ids, name, defaultValue: value, required: isRequired ?? false };
      return isMoment ? (
        <input {...attributes} type="datetime-local" step="any" />
      ) : (
        <input
          {...attributes}
          type="text"
          autocomplete="off"
          spellcheck={false}
          {...(placeholder !== undefined && { placeholder })}
        />
      );
    }}
  </Field>
);
