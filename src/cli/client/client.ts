import type { ReadableStream } from 'node:stream/web';
import createClient, { type Client } from 'openapi-fetch';
import { EXIT } from '../exit-codes.js';
import type { components, paths } from '../../public-api/openapi.js';
import { chunksOf } from './chunks.js';
import { readConnection } from './connection.js';
import { RemoteError, remoteErrorOf } from './remote-error.js';
import { reasonOf, resendingFetch } from './resend.js';

type Schemas = components['schemas'];
export type Deletion = Schemas['Deletion'];
export type Plan = Schemas['Plan'];
export type PlanTarget = Plan['targets'][number];
export type CreateDeletion = Schemas['CreateDeletion'];
export type Collection = Schemas['Collection'];

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** The public API of one Sexton, with the credential of the environment. */
export class Server {
  readonly api: Client<paths>;

  constructor(
    readonly url: string,
    key: string,
  ) {
    this.api = createClient<paths>({
      baseUrl: url,
      headers: { authorization: `Bearer ${key}`, 'user-agent': 'sexton' },
      // Followed, it would turn a POST into a GET, and take the key to where nobody meant it to go.
      redirect: 'manual',
      fetch: resendingFetch(url),
    });
  }

  /** What a call answered; throws `RemoteError` for anything but success. */
  async answer<T>(call: Promise<Answer<T>>): Promise<NonNullable<T>> {
    const { data, response } = await this.success(call);
    if (data === undefined || data === null || typeof data === 'string')
      throw remoteErrorOf(response, null, this.url);
    return data;
  }

  /** For calls that answer nothing. */
  async done(call: Promise<Answer<unknown>>): Promise<void> {
    await this.success(call);
  }

  /** The bytes of an answer, as they come, until `signal` aborts. */
  async stream(
    call: Promise<Answer<ReadableStream<Uint8Array> | null>>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const { data, response } = await this.success(call);
    if (!data) throw remoteErrorOf(response, null, this.url);
    return chunksOf(data, signal);
  }

  private async success<T>(call: Promise<Answer<T>>): Promise<Answer<T>> {
    try {
      const answer = await call;
      if (!answer.response.ok) throw remoteErrorOf(answer.response, answer.error, this.url);
      return answer;
    } catch (error) {
      if (error instanceof SyntaxError) {
        const what = `${this.url} answered something that is not JSON; is SEXTON_URL right?`;
        throw new RemoteError('not_sexton', what, EXIT.unavailable);
      }
      // What fetch throws where the body breaks off.
      if (error instanceof TypeError) {
        const what = `The connection to ${this.url} broke in the middle of the answer (${reasonOf(error)}).`;
        throw new RemoteError(
          'unreachable',
          `${what} A change may have been made: look before you ask again.`,
          EXIT.unavailable,
        );
      }
      throw error;
    }
  }
}

export const connect = (): Server => {
  const { url, key } = readConnection(process.env);
  return new Server(url, key);
};
