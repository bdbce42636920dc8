import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { connect, type Collection, type Server } from '../client/client.js';
import { withPatience, type Patience } from '../client/patience.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { printJson, printLines } from '../output/print.js';
import { collectionLines, exitOfCollection } from './view.js';

const optionsSchema = z.object({
  reason: z.string().default(''),
  ticket: z.string().exactOptional(),
  mode: z.enum(['dry-run', 'collect', 'purge']).exactOptional(),
  untagged: z.enum(['keep', 'collect']).exactOptional(),
  now: z.boolean().default(false),
  wait: z.boolean().default(true),
  watch: z.boolean().default(false),
  timeout: z.number().exactOptional(),
  json: z.boolean().default(false),
});
type Options = z.infer<typeof optionsSchema>;

const ASK_AGAIN_MS = 1_000;
const UNDER_WAY: readonly Collection['state'][] = ['waiting', 'running', 'paused'];

const isUnderWay = ({ state }: Collection): boolean => UNDER_WAY.includes(state);

/** Does one thing, waits for the end where that is wanted, whose exit status is then this one's, and shows it. */
const run = async (
  parsed: unknown,
  act: (server: Server, options: Options, signal: AbortSignal) => Promise<Collection>,
  waits: (options: Options) => boolean,
  goesOn: (collection: Collection) => boolean = isUnderWay,
  exitOf: (collection: Collection) => ExitCode = exitOfCollection,
): Promise<ExitCode> => {
  const options = optionsSchema.parse(parsed);
  const server = connect();
  return withPatience(options.timeout, async (patience) => {
    patience.lookAgainWith('Look with: sexton collect list');
    let collection = await act(server, options, patience.signal);
    const { id } = collection;
    patience.lookAgainWith(
      `It goes on. Look again with: sexton collect status ${id}`,
      `/v1/collections/${id}`,
    );
    while (waits(options) && goesOn(collection)) collection = await aMomentLater(server, id, patience);
    await (options.json ? printJson(collection) : printLines(collectionLines(collection)));
    return waits(options) ? exitOf(collection) : EXIT.done;
  });
};

const aMomentLater = async (server: Server, id: string, { signal }: Patience): Promise<Collection> => {
  await delay(ASK_AGAIN_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  return read(server, id, signal);
};

const read = (server: Server, id: string, signal: AbortSignal): Promise<Collection> =>
  server.answer(server.api.GET('/v1/collections/{id}', { params: { path: { id } }, signal }));

/** `sexton collect ask`. Only what begins at once is waited for: a window may be days away. */
export const runAsk = (registry: string, parsed: unknown): Promise<ExitCode> =>
  run(
    parsed,
    (server, { reason, ticket, mode, untagged, now }, signal) => {
      const body = {
        registry,
        reason,
        when: now ? ('now' as const) : ('window' as const),
        ...(ticket !== undefined && { ticket }),
        ...(mode !== undefined && { mode }),
        ...(untagged !== undefined && { untagged }),
      };
      return server.answer(server.api.POST('/v1/collections', { body, signal }));
    },
    ({ wait, now }) => wait && now,
  );

/** `sexton collect status`. */
export const runStatus = (id: string, parsed: unknown): Promise<ExitCode> =>
  run(
    parsed,
    (server, _options, signal) => read(server, id, signal),
    (options) => options.watch,
  );

/** `sexton collect cancel`: it ends after its batch, which is not waited for. */
export const runCancel = (id: string, parsed: unknown): Promise<ExitCode> =>
  run(
    parsed,
    (server, { reason }, signal) =>
      server.answer(
        server.api.POST('/v1/collections/{id}/cancel', {
          params: { path: { id } },
          body: { reason },
          signal,
        }),
      ),
    () => false,
  );

/** `sexton collect resume`. */
export const runResume = (id: string, parsed: unknown): Promise<ExitCode> =>
  run(
    parsed,
    (server, { reason, now }, signal) => {
      const body = { reason, when: now ? ('now' as const) : ('window' as const) };
      return server.answer(
        server.api.POST('/v1/collections/{id}/resume', { params: { path: { id } }, body, signal }),
      );
    },
    () => false,
  );

/** `sexton collect undo`. */
export const runUndo = (id: string, parsed: unknown): Promise<ExitCode> =>
  run(
    parsed,
    (server, { reason }, signal) =>
      server.answer(
        server.api.POST('/v1/collections/{id}/undo', { params: { path: { id } }, body: { reason }, signal }),
      ),
    ({ wait }) => wait,
    ({ undoRequested, state }) => undoRequested && state !== 'undone',
    ({ state }) => (state === 'undone' ? EXIT.done : EXIT.failed),
  );
