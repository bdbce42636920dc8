import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { connect, type Deletion, type Server } from '../client/client.js';
import { withPatience, type Patience } from '../client/patience.js';
import { RemoteError } from '../client/remote-error.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { watchAndShow } from './ask.js';
import { exitOfState } from './deletion-view.js';
import { showDeletion } from './show.js';

const optionsSchema = z.object({
  reason: z.string().default(''),
  planHash: z.string().exactOptional(),
  overwriteTags: z.boolean().default(false),
  wait: z.boolean().default(false),
  timeout: z.number().exactOptional(),
  json: z.boolean().default(false),
  trunc: z.boolean().default(true),
});
type Options = z.infer<typeof optionsSchema>;

/** Does one thing to a deletion, shows it, and with `--wait` follows it to its end. */
const acting =
  (
    act: (server: Server, id: string, options: Options, signal: AbortSignal) => Promise<Deletion>,
    exitOf: (state: Deletion['state']) => ExitCode,
  ) =>
  async (id: string, parsed: unknown): Promise<ExitCode> => {
    const options = optionsSchema.parse(parsed);
    const server = connect();
    return withPatience(options.timeout, async (patience) => {
      patience.lookAgainWith(`Look with: sexton status ${id}`, `/v1/deletions/${id}`);
      const deletion = await act(server, id, options, patience.signal);
      const mayGoOn = deletion.state === 'queued' || deletion.state === 'running';
      if (options.wait && mayGoOn) return watchAndShow(server, id, patience, options);
      await showDeletion(deletion, options);
      return exitOf(deletion.state);
    });
  };

/** What was asked for has happened when the answer is there. */
const done = (): ExitCode => EXIT.done;

export const runExecute = acting(
  (server, id, _options, signal) =>
    server.answer(server.api.POST('/v1/deletions/{id}/execute', { params: { path: { id } }, signal })),
  exitOfState,
);

export const runApprove = acting(
  (server, id, options, signal) =>
    server.answer(
      server.api.POST('/v1/deletions/{id}/approve', {
        params: { path: { id } },
        body: verdict(options),
        signal,
      }),
    ),
  exitOfState,
);

export const runReject = acting(
  (server, id, options, signal) =>
    server.answer(
      server.api.POST('/v1/deletions/{id}/reject', {
        params: { path: { id } },
        body: verdict(options),
        signal,
      }),
    ),
  done,
);

export const runCancel = acting(
  (server, id, { reason }, signal) =>
    server.answer(
      server.api.POST('/v1/deletions/{id}/cancel', { params: { path: { id } }, body: { reason }, signal }),
    ),
  done,
);

const verdict = ({ reason, planHash }: Options): { reason: string; planHash?: string } => ({
  reason,
  ...(planHash !== undefined && { planHash }),
});

const ASK_AGAIN_MS = 1_000;

/** `sexton restore`. */
export const runRestore = async (id: string, parsed: unknown): Promise<ExitCode> => {
  const options = optionsSchema.parse(parsed);
  const { reason, overwriteTags, wait } = options;
  const server = connect();
  return withPatience(options.timeout, async (patience) => {
    const goesOn = `Look with: sexton status ${id}`;
    patience.lookAgainWith(goesOn, `/v1/deletions/${id}`);
    const { signal } = patience;
    const params = { path: { id }, header: { Prefer: wait ? 'wait=10' : 'respond-async' } };
    let deletion: Deletion = await server.answer(
      server.api.POST('/v1/deletions/{id}/restore', { params, body: { reason, overwriteTags }, signal }),
    );
    while (wait && deletion.state !== 'restored') deletion = await lookAgain(server, deletion, patience);
    await showDeletion(deletion, options);
    return EXIT.done;
  });
};

/** The deletion a moment later; throws what the restore failed with, once it is not tried again. */
const lookAgain = async (
  server: Server,
  { id, problem }: Deletion,
  { signal }: Patience,
): Promise<Deletion> => {
  if (problem && problem.retryAt === null) {
    throw new RemoteError(problem.code, `${problem.code}: ${problem.message}`, EXIT.failed);
  }
  await delay(ASK_AGAIN_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  return server.answer(server.api.GET('/v1/deletions/{id}', { params: { path: { id } }, signal }));
};
