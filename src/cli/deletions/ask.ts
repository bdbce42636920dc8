import { randomUUID } from 'node:crypto';
import { connect, type CreateDeletion, type Deletion, type Server } from '../client/client.js';
import { withPatience, type Patience } from '../client/patience.js';
import { RemoteError } from '../client/remote-error.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { exitOfState } from './deletion-view.js';
import { openProgress } from './progress.js';
import { askOptionsSchema, deletionRequest } from './request.js';
import { showDeletion, type ShowOptions } from './show.js';
import { watch } from './watch.js';

/** `sexton delete` and, with `dryRun`, `sexton plan`. */
export const runAsk = async (images: readonly string[], parsed: object): Promise<ExitCode> => {
  const options = askOptionsSchema.parse(parsed);
  const body = deletionRequest(images, options);
  const server = connect();
  const key = options.idempotencyKey ?? randomUUID();
  return withPatience(options.timeout, async (patience) => {
    const asked = await ask(server, body, key, patience);
    if (options.wait) return watchAndShow(server, asked.id, patience, options);
    await showDeletion(asked, options);
    return EXIT.done;
  });
};

/**
 * Asks, with a key that makes asking again harmless: a lost answer is asked for again and nothing is deleted twice.
 * What was refused meanwhile is an answer here, too: the deletion that says so.
 */
const ask = async (
  server: Server,
  body: CreateDeletion,
  key: string,
  patience: Patience,
): Promise<Deletion> => {
  const { signal } = patience;
  patience.lookAgainWith(
    `Whether it was accepted is not known. Run the same command with --idempotency-key ${key}: it is not done twice.`,
  );
  const header = { 'Idempotency-Key': key, Prefer: 'respond-async' };
  try {
    return await server.answer(server.api.POST('/v1/deletions', { body, params: { header }, signal }));
  } catch (error) {
    const [, id] = /^\/v1\/deletions\/([0-9A-Z]{26})$/.exec(instanceOf(error)) ?? [];
    if (id === undefined) throw error;
    return server.answer(server.api.GET('/v1/deletions/{id}', { params: { path: { id } }, signal }));
  }
};

const instanceOf = (error: unknown): string =>
  error instanceof RemoteError ? (error.about.instance ?? '') : '';

/** Follows the deletion to its end, prints it, and says its state as an exit status. */
export const watchAndShow = async (
  server: Server,
  id: string,
  patience: Patience,
  show: ShowOptions,
): Promise<ExitCode> => {
  const progress = await openProgress();
  let deletion: Deletion;
  try {
    deletion = await watch(server, id, patience, (event) => progress.tell(event));
  } finally {
    progress.end();
  }
  await showDeletion(deletion, show);
  return exitOfState(deletion.state);
};
