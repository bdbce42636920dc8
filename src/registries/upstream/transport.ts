import { setMaxListeners } from 'node:events';
import { Agent, request as undiciRequest, type Dispatcher } from 'undici';
import { SextonError } from '../../errors/sexton-error.js';
import type { RegistryOptions } from '../registry-options.js';
import { translateFailure } from './failures.js';

export interface UpstreamRequest {
  readonly method: 'GET' | 'HEAD' | 'DELETE' | 'PUT' | 'POST';
  /** Absolute, with origin. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Most bytes of an answer that are read; more is a protocol error. */
  readonly mostBytes: number;
  /** Takes the body of a 200 piece by piece instead; it may be of any size, and only silence times out. */
  readonly onBody?: () => (chunk: Uint8Array) => unknown;
}

export interface UpstreamResponse {
  readonly status: number;
  /** A header's value, by any case; the first where it came twice. */
  readonly header: (name: string) => string | null;
  readonly body: Uint8Array;
  /** A read that was answered 500 as often as it was asked: it may be answered later. */
  readonly isFaultyRead?: boolean;
}

const CONNECTIONS = 32;

/** One exchange with the registry or its token server: pooled, bounded in time and size, redirects not followed. */
export class Transport {
  private readonly agent: Agent;

  constructor(private readonly options: RegistryOptions) {
    this.agent = new Agent({
      connections: CONNECTIONS,
      keepAliveTimeout: 30_000,
      connect: {
        timeout: options.connectTimeoutMs,
        ...(options.tlsCa !== null && { ca: options.tlsCa }),
      },
      headersTimeout: options.requestTimeoutMs,
      bodyTimeout: options.requestTimeoutMs,
    });
  }

  /** Throws `upstream_*` errors that name the registry and never a header. */
  async exchange(request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamResponse> {
    signal.throwIfAborted();
    let timedOut = false;
    const ended = new AbortController();
    const onAbort = (): void => ended.abort(signal.reason);
    // Every exchange of a survey listens to one signal.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', onAbort);
    const timer = setTimeout(() => {
      timedOut = true;
      if (!request.onBody) ended.abort();
    }, this.options.requestTimeoutMs);
    try {
      const answer = await undiciRequest(request.url, {
        dispatcher: this.agent,
        method: request.method,
        headers: request.headers ?? {},
        body: request.body ?? null,
        signal: ended.signal,
        // Also after HEAD, after which undici closes the connection by default: a connection each is what most of its
        // time would go to. A server that sends a body after all breaks the next exchange, and its connection.
        reset: false,
      });
      if (request.onBody && answer.statusCode === 200) {
        const take = request.onBody();
        try {
          for await (const chunk of answer.body as AsyncIterable<Uint8Array>) take(chunk);
        } catch {
          // Headers came and the body did not: whoever takes it sees by its hash that it is not whole.
          signal.throwIfAborted();
        }
        return { status: answer.statusCode, header: headerOf(answer.headers), body: new Uint8Array() };
      }
      const body = await readBody(answer.body, request.mostBytes, this.options.name);
      return { status: answer.statusCode, header: headerOf(answer.headers), body };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw translateFailure(error, this.options.name, timedOut);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }
}

const readBody = async (
  body: Dispatcher.ResponseData['body'],
  mostBytes: number,
  registry: string,
): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > mostBytes) {
      body.destroy();
      throw new SextonError('upstream_protocol_error', {
        detail: `Registry ${registry} sent more than ${mostBytes} bytes where that cannot be`,
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const headerOf =
  (headers: Record<string, string | string[] | undefined>) =>
  (name: string): string | null => {
    const value = headers[name.toLowerCase()];
    return (Array.isArray(value) ? value[0] : value) ?? null;
  };
