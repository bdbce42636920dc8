import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { answerApi } from './harbor-api.js';
import type { HarborAccount, HarborAnswer, HarborExchange } from './harbor-exchange.js';
import { HarborRefusal, HarborStore } from './harbor-store.js';
import { answerV2 } from './harbor-v2.js';

export interface HarborRequest {
  readonly method: string;
  /** As it was sent, with its query. */
  readonly path: string;
  readonly authorization: string | null;
}

/** What happens in place of Harbor's answer; `cut`: the connection ends before the body does. */
export type HarborFault =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      readonly cut?: boolean;
    }
  | 'reset'
  | null;

export interface HarborServer {
  readonly url: string;
  readonly store: HarborStore;
  readonly requests: readonly HarborRequest[];
  /** Requests that the real one would refuse as wrong in themselves. A test asserts that there are none. */
  readonly violations: readonly string[];
  /** What a system administrator switches. */
  setReadOnly(isReadOnly: boolean): void;
  /** Decides about each request; may act while it waits. */
  interfere(decide: (request: HarborRequest) => HarborFault | Promise<HarborFault>): void;
  stop(): Promise<void>;
}

/**
 * A contract server of Harbor 2.x, which cannot be run here: routes, codes and rules as its source has them (FACTS §3).
 * It hands out cookies and refuses to see one again: a client that keeps them switches CSRF protection on.
 */
export const startHarborServer = async (options: {
  readonly accounts: readonly HarborAccount[];
  readonly version?: string;
}): Promise<HarborServer> => {
  const store = new HarborStore();
  const requests: HarborRequest[] = [];
  const violations: string[] = [];
  let isReadOnly = false;
  let decide: (request: HarborRequest) => HarborFault | Promise<HarborFault> = () => null;

  const exchangeOf = (incoming: IncomingMessage, body: Buffer): HarborExchange => {
    const [path = '', query = ''] = (incoming.url ?? '').split('?');
    const { authorization } = incoming.headers;
    return {
      method: incoming.method ?? '',
      path,
      query: new URLSearchParams(query),
      accept: incoming.headers.accept ?? '',
      contentType: incoming.headers['content-type'] ?? '',
      body,
      account: options.accounts.find((account) => authorization === basic(account)) ?? null,
      hasAuthorization: authorization !== undefined,
      store,
      version: options.version ?? 'v2.13.0-5e4b6e11',
      isReadOnly,
      violate: (what) => void violations.push(what),
    };
  };

  const answer = (exchange: HarborExchange): HarborAnswer => {
    const isSafe = exchange.method === 'GET' || exchange.method === 'HEAD';
    if (exchange.isReadOnly && !isSafe) {
      const message = 'The system is in read only mode. Any modification is prohibited.';
      throw new HarborRefusal(403, 'DENIED', message);
    }
    return exchange.path.startsWith('/api/') ? answerApi(exchange) : answerV2(exchange);
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(incoming);
    const path = incoming.url ?? '';
    const request = {
      method: incoming.method ?? '',
      path,
      authorization: incoming.headers.authorization ?? null,
    };
    requests.push(request);
    if (incoming.headers.cookie !== undefined) violations.push(`${path} brings a cookie`);
    if (path.split('?')[0]?.includes('//')) violations.push(`${path} has an empty segment`);
    const fault = await decide(request);
    if (fault !== null) return fail(response, fault);
    write(
      response,
      refusalAsAnswer(() => answer(exchangeOf(incoming, body))),
      request.method,
    );
  };

  const server = createServer((incoming, response) => void handle(incoming, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no address');
  return {
    url: `http://127.0.0.1:${address.port}`,
    store,
    requests,
    violations,
    setReadOnly: (value) => {
      isReadOnly = value;
    },
    interfere: (next) => {
      decide = next;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
};

export const basic = ({ username, password }: HarborAccount): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

const refusalAsAnswer = (run: () => HarborAnswer): HarborAnswer => {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof HarborRefusal)) throw error;
    const { status, code, message } = error;
    return { status, body: { errors: [{ code, message }] } };
  }
};

const write = (response: ServerResponse, answer: HarborAnswer, method: string): void => {
  const { status, headers, body } = answer;
  const isBytes = Buffer.isBuffer(body);
  const bytes = isBytes ? body : Buffer.from(body == null ? '' : JSON.stringify(body));
  response.writeHead(status, {
    ...(!isBytes && body != null && { 'content-type': 'application/json; charset=utf-8' }),
    'content-length': bytes.byteLength,
    'set-cookie': 'sid=a-session; Path=/; HttpOnly',
    'x-request-id': 'a-request',
    ...headers,
  });
  response.end(method === 'HEAD' ? undefined : bytes);
};

const fail = (response: ServerResponse, fault: Exclude<HarborFault, null>): void => {
  if (fault === 'reset') {
    response.destroy();
    return;
  }
  const { status, headers, body = '', cut = false } = fault;
  const length = Buffer.byteLength(body) + (cut ? 100 : 0);
  response.writeHead(status, { ...headers, 'content-length': length });
  if (cut) response.write(body, () => response.destroy());
  else response.end(body);
};
