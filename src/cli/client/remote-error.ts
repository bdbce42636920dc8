import { z } from 'zod';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.js';

/** What the server, or the way to it, said instead of an answer. */
export class RemoteError extends CommandError {
  override readonly name = 'RemoteError';

  constructor(
    /** A code of the API (docs/operations.md), or `unreachable`, `not_sexton`, `timed_out`, `interrupted`. */
    readonly code: string,
    message: string,
    exitCode: ExitCode,
    readonly about: {
      readonly instance?: string;
      readonly requestId?: string;
      readonly errors?: readonly unknown[];
    } = {},
  ) {
    super(message, exitCode);
  }

  /** The one document that `--json` prints in place of an answer. */
  toJSON(): unknown {
    return { error: { code: this.code, message: this.message, exitCode: this.exitCode, ...this.about } };
  }
}

/** RFC 9457, as far as it is used here. */
const problemSchema = z.object({
  code: z.string(),
  detail: z.string(),
  instance: z.string(),
  requestId: z.string(),
  errors: z.array(
    z.looseObject({ message: z.string(), path: z.string().optional(), reference: z.string().optional() }),
  ),
});

/** The error that a response is: problem details, or something that no Sexton answers. */
export const remoteErrorOf = (response: Response, body: unknown, url: string): RemoteError => {
  const parsed = problemSchema.safeParse(body);
  if (!parsed.success) return notSexton(response, url);
  const { code, detail, instance, requestId, errors } = parsed.data;
  const faults = errors.map(({ path, reference, message }) => {
    const at = reference ?? path;
    return `\n  ${at ? `${at}: ` : ''}${message}`;
  });
  return new RemoteError(code, `${code}: ${detail}${faults.join('')}`, exitOf(response.status, code), {
    instance,
    requestId,
    errors,
  });
};

const exitOf = (status: number, code: string): ExitCode => {
  if (code === 'approval_required') return EXIT.awaitingApproval;
  if ([400, 413, 415, 422].includes(status)) return EXIT.usage;
  if (status === 401 || status === 403) return EXIT.notPermitted;
  if (status === 404) return EXIT.notFound;
  if (status === 409) return EXIT.refused;
  return [429, 503, 504].includes(status) ? EXIT.unavailable : EXIT.failed;
};

const notSexton = ({ status, headers }: Response, url: string): RemoteError => {
  const to = headers.get('location');
  const what =
    status >= 300 && status < 400 && to !== null
      ? `${url} sends elsewhere (${status}, to ${originOf(to, url)}); set SEXTON_URL to where Sexton itself is`
      : `${url} answered ${status} and not as Sexton does; is SEXTON_URL right, and what stands in between up?`;
  return new RemoteError('not_sexton', what, EXIT.unavailable);
};

/** Only as much of it as can hold no secret. */
const originOf = (location: string, base: string): string =>
  URL.canParse(location, base) ? new URL(location, base).origin : 'nowhere';
