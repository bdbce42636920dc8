import { open, rename, rm } from 'node:fs/promises';
import { z } from 'zod';
import { connect } from '../client/client.js';
import { withPatience } from '../client/patience.js';
import { RemoteError } from '../client/remote-error.js';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.js';
import { write } from '../output/print.js';
import { filtersSchema } from './filters.js';

const optionsSchema = filtersSchema.extend({
  format: z.enum(['ndjson', 'csv']),
  output: z.string().exactOptional(),
});

type Sink = (chunk: Uint8Array) => Promise<unknown>;

/** `sexton audit export`: bytes as they come, in steady memory; an export that is cut off is an error. */
export const runExport = async (parsed: unknown): Promise<ExitCode> => {
  const { output, ...query } = optionsSchema.parse(parsed);
  const server = connect();
  return withPatience(undefined, async (patience) => {
    patience.lookAgainWith('The export is not whole.');
    const { signal } = patience;
    const call = server.api.GET('/v1/audit/export', { params: { query }, parseAs: 'stream', signal });
    const body = await server.stream(call, signal);
    const pour = async (sink: Sink): Promise<void> => {
      const tail = new Tail();
      try {
        for await (const chunk of body) {
          tail.add(chunk);
          await sink(chunk);
        }
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof TypeError) throw cutOff();
        throw error;
      }
      if (query.format === 'ndjson' && !tail.isEnd()) throw cutOff();
    };
    if (output === undefined) await pour(write);
    else await intoFile(output, pour);
    return EXIT.done;
  });
};

const cutOff = (): RemoteError =>
  new RemoteError('unreachable', 'The export was cut off before its end: it is not whole.', EXIT.unavailable);

/** Under another name until it is whole, so that a half one is never taken for one. */
const intoFile = async (path: string, pour: (sink: Sink) => Promise<void>): Promise<void> => {
  const partial = `${path}.part`;
  const file = await open(partial, 'w', 0o600).catch((error: unknown) => {
    throw new CommandError(
      `${path} cannot be written (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'})`,
    );
  });
  try {
    await pour((chunk) => file.write(chunk));
    await file.sync();
    await file.close();
    await rename(partial, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
};

const TAIL_BYTES = 4096;

/** The last bytes of a stream: where an export is whole, they are a line of the type `end`. */
class Tail {
  private bytes = Buffer.alloc(0);

  add(chunk: Uint8Array): void {
    this.bytes = Buffer.concat([this.bytes, chunk]).subarray(-TAIL_BYTES);
  }

  isEnd(): boolean {
    const line = this.bytes.toString('utf8').trimEnd().split('\n').at(-1) ?? '';
    try {
      return z.object({ type: z.literal('end') }).safeParse(JSON.parse(line)).success;
    } catch {
      return false;
    }
  }
}
