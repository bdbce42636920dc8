import { setImmediate } from 'node:timers/promises';
import { SextonError } from '../../errors/sexton-error.js';
import type { RegistryOptions } from '../registry-options.js';
import { basicHeader } from './basic-header.js';
import { parseChallenges, type Challenge } from './challenge.js';
import { FaultyAnswer } from './failures.js';
import { observedExchange, type ExchangeObserver } from './observed-exchange.js';
import { Patience } from './patience.js';
import { TokenSource } from './token-source.js';
import { Transport, type UpstreamRequest, type UpstreamResponse } from './transport.js';

export interface Ask {
  readonly method: UpstreamRequest['method'];
  /** Path and query below the registry's URL, such as `/v2/team/app/tags/list`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly mostBytes?: number;
  readonly onBody?: UpstreamRequest['onBody'];
  /** Token scope to ask for, such as `repository:team/app:pull,delete`; empty for none. */
  readonly scope: string;
  /** Repeating does no harm. */
  readonly mayRepeat: boolean;
  /** Follow a redirect, without credentials: registries hand out blobs from object stores with 307. */
  readonly mayRedirect?: boolean;
}

const MOST_BYTES = 8 * 1024 * 1024;
const MOST_REDIRECTS = 4;
const READS: readonly Ask['method'][] = ['GET', 'HEAD'];

/** How a registry's answers differ from what the OCI distribution spec says. */
export interface Dialect {
  /**
   * Basic credentials go with every request, from the first on, and no challenge changes that: for an API that takes
   * a request without them for an anonymous one and answers it, with less.
   */
  readonly credentialsFirst: boolean;
  /** The error that an answer stands for, where its body says more than its status; null for any other answer. */
  readonly explain: (response: UpstreamResponse, registry: string) => SextonError | null;
}

const OCI: Dialect = { credentialsFirst: false, explain: () => null };

/** How the registry wants to be asked, as its first 401 said. */
type Scheme =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic' }
  | { readonly kind: 'bearer'; readonly challenge: Challenge };

/**
 * One registry over HTTP: authentication, retries, breaker and limits, so that the verbs above contain none of it.
 * Returns every answer that is not "later", 401 or 403; those become errors.
 */
export class Upstream {
  private readonly transport: Transport;
  private readonly patience: Patience;
  private readonly tokens: TokenSource;
  private scheme: Scheme = { kind: 'none' };

  constructor(
    readonly options: RegistryOptions,
    private readonly observe: ExchangeObserver = () => undefined,
    private readonly dialect: Dialect = OCI,
  ) {
    this.transport = new Transport(options);
    this.patience = new Patience(options);
    this.tokens = new TokenSource(options, this.transport, this.patience);
    if (dialect.credentialsFirst && options.credentials) this.scheme = { kind: 'basic' };
  }

  async ask(ask: Ask, signal: AbortSignal): Promise<UpstreamResponse> {
    const first = await this.send(ask, await this.authorization(ask, false, signal), signal);
    if (first.status !== 401) return this.unlessRefused(first, ask);
    const before = this.scheme;
    if (this.dialect.credentialsFirst && before.kind === 'basic') throw this.unauthorized();
    this.learn(first);
    if (this.scheme.kind === 'basic' && before.kind === 'basic') throw this.unauthorized();
    // Exactly one more try with a new token or the newly learnt scheme: a second 401 is an answer (TRAPS 16).
    const second = await this.send(
      ask,
      await this.authorization(ask, before.kind === 'bearer', signal),
      signal,
    );
    if (second.status !== 401) return this.unlessRefused(second, ask);
    throw this.scheme.kind === 'bearer' ? this.forbidden(ask) : this.unauthorized();
  }

  close(): Promise<void> {
    return this.transport.close();
  }

  private async send(ask: Ask, authorization: string | null, signal: AbortSignal): Promise<UpstreamResponse> {
    const request: UpstreamRequest = {
      method: ask.method,
      url: `${this.options.url}${ask.path}`,
      headers: { ...ask.headers, ...(authorization !== null && { authorization }) },
      mostBytes: ask.mostBytes ?? MOST_BYTES,
      ...(ask.body && { body: ask.body }),
      ...(ask.onBody && { onBody: ask.onBody }),
    };
    const isRead = READS.includes(ask.method);
    const exchange = async () => {
      // A process that was stopped hears of what happened meanwhile first: a lost claim aborts the signal (TRAPS 32).
      if (!isRead) await setImmediate();
      const answer = ask.mayRedirect
        ? await this.followed(request, signal)
        : await this.exchange(request, signal);
      if (isRead && ask.mayRepeat && answer.status === 500) throw new FaultyAnswer(answer);
      return answer;
    };
    if (!ask.mayRepeat) return this.patience.once(exchange, signal);
    try {
      return await this.patience.withRetries(exchange, signal);
    } catch (error) {
      // For now: what it means is for whoever asked to say.
      if (error instanceof FaultyAnswer) return { ...error.response, isFaultyRead: true };
      throw error;
    }
  }

  /** The redirect's target gets no credentials, and no header of ours. */
  private async followed(request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamResponse> {
    let response = await this.exchange(request, signal, 'return');
    let { url } = request;
    for (let hops = 0; isRedirect(response) && hops < MOST_REDIRECTS; hops += 1) {
      const location = response.header('location') ?? '';
      if (!URL.canParse(location, url) || !/^https?:$/.test(new URL(location, url).protocol)) break;
      url = new URL(location, url).href;
      response = await this.exchange({ ...request, url, headers: {} }, signal, 'return');
    }
    return isRedirect(response) ? this.refuseRedirect(response) : response;
  }

  private refuseRedirect(response: UpstreamResponse): never {
    throw new SextonError('upstream_protocol_error', {
      detail: `Registry ${this.options.name} redirects (${response.status}); redirects are not followed with credentials`,
    });
  }

  private exchange(
    request: UpstreamRequest,
    signal: AbortSignal,
    redirect: 'refuse' | 'return' = 'refuse',
  ): Promise<UpstreamResponse> {
    return observedExchange(
      this.transport,
      this.options.name,
      request,
      signal,
      this.observe,
      (response) => isRedirect(response) && redirect === 'refuse' && this.refuseRedirect(response),
    );
  }

  private async authorization(ask: Ask, fresh: boolean, signal: AbortSignal): Promise<string | null> {
    switch (this.scheme.kind) {
      case 'none':
        return null;
      case 'basic':
        if (!this.options.credentials) throw this.unauthorized();
        return basicHeader(this.options.credentials);
      case 'bearer':
        return `Bearer ${await this.tokens.tokenFor(this.scheme.challenge, ask.scope, fresh, signal)}`;
    }
  }

  private learn(response: UpstreamResponse): void {
    const challenges = parseChallenges(response.header('www-authenticate') ?? '');
    const bearer = challenges.find((challenge) => challenge.scheme === 'bearer');
    if (bearer) this.scheme = { kind: 'bearer', challenge: bearer };
    else if (challenges.some((challenge) => challenge.scheme === 'basic')) this.scheme = { kind: 'basic' };
    else throw this.unauthorized();
  }

  private unlessRefused(response: UpstreamResponse, ask: Ask): UpstreamResponse {
    const explained = this.dialect.explain(response, this.options.name);
    if (explained) throw explained;
    if (response.status === 403) throw this.forbidden(ask);
    if (!ask.onBody && isPage(response)) {
      throw new SextonError('upstream_protocol_error', {
        detail: `Registry ${this.options.name} answered ${ask.method} with a page`,
      });
    }
    return response;
  }

  private unauthorized(): SextonError {
    const account = this.options.credentials
      ? `the account ${this.options.credentials.username}`
      : 'anonymous access';
    return new SextonError('upstream_unauthorized', {
      detail: `Registry ${this.options.name} refuses ${account}`,
    });
  }

  private forbidden(ask: Ask): SextonError {
    return new SextonError('upstream_forbidden', {
      detail: `Registry ${this.options.name} does not let the configured account ${ask.method} with ${ask.scope || 'no scope'}`,
    });
  }
}

/** No registry answers a success with HTML: it is a login page, or another web server. What a blob holds is not looked at. */
const isPage = (response: UpstreamResponse): boolean =>
  response.status < 300 && /^text\/html\b/i.test(response.header('content-type') ?? '');

const isRedirect = ({ status }: UpstreamResponse): boolean => status >= 300 && status < 400;
