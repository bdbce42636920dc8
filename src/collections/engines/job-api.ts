import { SextonError } from '../../errors/sexton-error.js';
import type { RegistryOptions } from '../../registries/registry-options.js';
import { basicHeader } from '../../registries/upstream/basic-header.js';
import { observedExchange, type ExchangeObserver } from '../../registries/upstream/observed-exchange.js';
import { Transport, type UpstreamResponse } from '../../registries/upstream/transport.js';

const MOST_BYTES = 64 * 1024 * 1024;

/** A registry's own API for its jobs: JSON over HTTP with Basic credentials from the first request on, no cookies. */
export class JobApi {
  private readonly transport: Transport;

  constructor(
    private readonly options: RegistryOptions,
    private readonly observe: ExchangeObserver = () => undefined,
  ) {
    this.transport = new Transport(options);
  }

  /** One exchange, never repeated here. Returns what is `expected`; every other answer is an `upstream_*` error. */
  async call(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    expected: number,
    signal: AbortSignal,
    body?: object,
  ): Promise<UpstreamResponse> {
    const { credentials, name, url } = this.options;
    const response = await observedExchange(
      this.transport,
      name,
      {
        method,
        url: `${url}${path}`,
        headers: {
          accept: 'application/json, text/plain',
          ...(credentials && { authorization: basicHeader(credentials) }),
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: Buffer.from(JSON.stringify(body)) }),
        mostBytes: MOST_BYTES,
      },
      signal,
      this.observe,
    );
    if (response.status === expected) return response;
    const what = `${method} ${path.replace(/\?.*/, '')}`;
    if (response.status === 401) {
      throw new SextonError('upstream_unauthorized', {
        detail: `Registry ${name} refuses the configured account`,
      });
    }
    if (response.status === 403) {
      throw new SextonError('upstream_forbidden', {
        detail: `Registry ${name} does not let the configured account ${what}`,
      });
    }
    throw new SextonError('upstream_error', {
      detail: `Registry ${name} answered ${response.status} to ${what}`,
    });
  }

  close(): Promise<void> {
    return this.transport.close();
  }
}
