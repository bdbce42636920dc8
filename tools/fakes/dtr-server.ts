import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { PushTo } from '../blobs.js';
import { answerApi } from './dtr-api.js';
import {
  refusal,
  type DtrAccount,
  type DtrAnswer,
  type DtrExchange,
  type DtrSettings,
} from './dtr-exchange.js';
import { newRepository, type DtrRepository } from './dtr-store.js';
import { answerToken, answerV2, tokenOf } from './dtr-v2.js';

export interface DtrServer {
  readonly url: string;
  /** By `namespace/name`. */
  readonly repositories: ReadonlyMap<string, DtrRepository>;
  /** Every request, in order. */
  readonly requests: readonly {
    readonly method: string;
    readonly path: string;
    readonly authorization: string;
  }[];
  /** What the real one would refuse, or what does more than a client means. A test asserts that there is none. */
  readonly violations: readonly string[];
  /** Makes an empty one; where and how to push into it. */
  addRepository(name: string, options?: { readonly isPublic?: boolean }): PushTo;
  stop(): Promise<void>;
}

export type DtrServerOptions = Partial<DtrSettings> & { readonly accounts?: readonly DtrAccount[] };

/**
 * A contract server of Docker Trusted Registry, which cannot be run here: routes, codes, paging and credentials as its
 * Swagger documents and clients have them (FACTS §2).
 */
export const startDtrServer = async ({
  accounts = [],
  ...settings
}: DtrServerOptions = {}): Promise<DtrServer> => {
  const repositories = new Map<string, DtrRepository>();
  const requests: { method: string; path: string; authorization: string }[] = [];
  const violations: string[] = [];

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', headers } = incoming;
    const [path = '', query = ''] = (incoming.url ?? '').split('?');
    const host = headers.host ?? '';
    const authorization = headers.authorization ?? '';
    requests.push({ method, path: incoming.url ?? '', authorization });
    const answer = answerTo({
      method,
      path,
      query: new URLSearchParams(query),
      headers: {
        host,
        authorization,
        accept: headers.accept ?? '',
        contentType: headers['content-type'] ?? '',
      },
      body: await buffer(incoming),
      repositories,
      settings: { version: '2.5', mapsBareNames: false, keepsTagsOfDeletedManifests: false, ...settings },
      accounts,
      violate: (what) => violations.push(what),
    });
    send(response, method, answer);
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no address');
  const url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    repositories,
    requests,
    violations,
    addRepository: (name, { isPublic = false } = {}) => {
      repositories.set(name, newRepository(isPublic));
      return {
        registryUrl: url,
        repository: name,
        authorization: `Bearer ${tokenOf(name, ['pull', 'push'])}`,
      };
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
};

const answerTo = (exchange: DtrExchange): DtrAnswer => {
  if (exchange.path.startsWith('/v2/')) return answerV2(exchange);
  if (exchange.path === '/auth/token') return answerToken(exchange);
  if (exchange.path.startsWith('/api/v0/')) return answerApi(exchange);
  exchange.violate(`${exchange.method} ${exchange.path} is nothing of this product`);
  return refusal(404, 'NOT_FOUND', 'not found');
};

const send = (
  response: ServerResponse,
  method: string,
  { status, headers, body = null }: DtrAnswer,
): void => {
  const isText = typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = body === null ? null : isText ? body : JSON.stringify(body);
  const type = isText || body === null ? {} : { 'content-type': 'application/json' };
  response.writeHead(status, { ...type, ...headers }).end(method === 'HEAD' ? null : bytes);
};
