/** What the exit status of every command means. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** The command line is wrong; nothing was looked at. */
  usage: 2,
  /** Nothing was changed, because it could not be shown to be safe. */
  refused: 3,
  /** Done, but something could not be read: what it might need was left alone. */
  incomplete: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A fault of the caller's, shown as one line without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    message: string,
    readonly exitCode: ExitCode = EXIT.usage,
  ) {
    super(message);
  }
}
