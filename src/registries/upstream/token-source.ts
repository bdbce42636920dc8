import { z } from 'zod';
import { SextonError } from '../../errors/sexton-error.js';
import type { RegistryOptions } from '../registry-options.js';
import { basicHeader } from './basic-header.js';
import type { Challenge } from './challenge.js';
import { parseJson } from './json.js';
import type { Patience } from './patience.js';
import type { Transport } from './transport.js';
import { laterError } from './failures.js';

/** Docker token authentication (distribution docs, spec/auth/token.md); 60 s is its default (FACTS §1.9). */
const tokenSchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().positive().default(60),
});

interface Token {
  readonly value: string;
  readonly validUntilMs: number;
}

/** A token is renewed this long before it ends, so that no request arrives with one that just did. */
const SKEW_MS = 5_000;
const MOST_TOKEN_BYTES = 1024 * 1024;

/** Bearer tokens of one registry, by scope: fetched with the credentials, only from a realm that may have them. */
export class TokenSource {
  private readonly tokens = new Map<string, Promise<Token>>();

  constructor(
    private readonly options: RegistryOptions,
    private readonly transport: Transport,
    private readonly patience: Patience,
    private readonly now: () => number = Date.now,
  ) {}

  /** A token that is valid for a while, from the cache or fetched; `fresh` leaves the cache out. */
  async tokenFor(challenge: Challenge, scope: string, fresh: boolean, signal: AbortSignal): Promise<string> {
    const cached = fresh ? undefined : await this.tokens.get(scope)?.catch(() => undefined);
    if (cached && cached.validUntilMs > this.now()) return cached.value;
    const fetching = this.fetch(challenge, scope, signal);
    // Requests of the same scope that come meanwhile wait for this one token.
    this.tokens.set(scope, fetching);
    fetching.catch(() => this.tokens.delete(scope));
    return (await fetching).value;
  }

  private async fetch(challenge: Challenge, scope: string, signal: AbortSignal): Promise<Token> {
    const url = this.tokenUrl(challenge, scope);
    const { credentials, name } = this.options;
    const response = await this.patience.withRetries(async () => {
      const headers = credentials ? { authorization: basicHeader(credentials) } : {};
      const answer = await this.transport.exchange(
        { method: 'GET', url, headers, mostBytes: MOST_TOKEN_BYTES },
        signal,
      );
      const later = laterError(answer, name, this.now());
      if (later) throw later;
      return answer;
    }, signal);
    if (response.status === 401 || response.status === 403) {
      throw new SextonError('upstream_unauthorized', {
        detail: `The token server of registry ${name} refuses the configured account`,
      });
    }
    const parsed = tokenSchema.safeParse(parseJson(response.body));
    const value = parsed.data?.token ?? parsed.data?.access_token;
    if (response.status !== 200 || !parsed.success || value === undefined) {
      throw new SextonError('upstream_protocol_error', {
        detail: `The token server of registry ${name} answered ${response.status} without a token`,
      });
    }
    return { value, validUntilMs: this.now() + Math.max(1_000, parsed.data.expires_in * 1000 - SKEW_MS) };
  }

  /** The realm may be anything that an answer says: only the registry's own origin and the configured ones are asked. */
  private tokenUrl(challenge: Challenge, scope: string): string {
    const realm = challenge.parameters.get('realm') ?? '';
    const url = URL.canParse(realm) ? new URL(realm) : null;
    const allowed = [new URL(this.options.url).origin, ...this.options.tokenRealms];
    if (!url || !allowed.includes(url.origin)) {
      throw new SextonError('upstream_realm_not_allowed', {
        detail: `Registry ${this.options.name} names the token server ${url?.origin ?? 'with no valid address'}, which is not in its tokenRealms`,
      });
    }
    const service = challenge.parameters.get('service');
    if (service !== undefined) url.searchParams.set('service', service);
    if (scope !== '') url.searchParams.set('scope', scope);
    url.searchParams.set('client_id', 'sexton');
    return url.href;
  }
}
