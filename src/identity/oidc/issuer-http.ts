import { Agent, request } from 'undici';
import type { OidcOptions } from './oidc-options.js';

const MOST_BYTES = 1024 * 1024;
const CONNECT_MS = 3_000;
const ANSWER_MS = 5_000;

/** GETs of the issuer's documents: bounded in time and size, redirects not followed. */
export class IssuerHttp {
  private readonly agent: Agent;

  constructor({ tlsCa }: Pick<OidcOptions, 'tlsCa'>) {
    this.agent = new Agent({
      connections: 2,
      connect: { timeout: CONNECT_MS, ...(tlsCa !== null && { ca: tlsCa }) },
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
      maxResponseSize: MOST_BYTES,
    });
  }

  /** JSON of a 200; throws for everything else. */
  async json(url: string): Promise<unknown> {
    const { statusCode, body } = await request(url, {
      dispatcher: this.agent,
      headers: { accept: 'application/json, application/jwk-set+json' },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (statusCode !== 200) {
      await body.dump();
      throw new Error(`${url} answered ${statusCode}`);
    }
    return body.json();
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }
}
