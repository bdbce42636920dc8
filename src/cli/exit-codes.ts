/** What the exit status of every command means; docs/cli.md has the same table. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** The command line, the environment or the request is wrong. */
  usage: 2,
  /** Nothing was changed, because it could not be shown to be safe, or a rule forbids it. */
  refused: 3,
  /** Done in part: something could not be read or changed, and was left alone. */
  incomplete: 4,
  /** Waits for other people. */
  awaitingApproval: 5,
  /** No valid credential, or one that may not do this. */
  notPermitted: 6,
  /** There is no such thing, or none that the credential may see. */
  notFound: 7,
  /** No answer, or one that says to come back later. */
  unavailable: 8,
  /** `--timeout` is over; what was asked for goes on. */
  timedOut: 9,
  /** Rejected, cancelled or expired: it ended without being done. */
  withdrawn: 10,
  /** Ctrl-C; what was asked for goes on. */
  interrupted: 130,
  /** Whoever read the output stopped reading. */
  brokenPipe: 141,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A fault of the caller's, shown as one line without a stack. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';

  constructor(
    message: string,
    readonly exitCode: ExitCode = EXIT.usage,
  ) {
    super(message);
  }
}
