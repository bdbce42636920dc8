import { createServer, type IncomingMessage } from 'node:http';

export interface ContractRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** Parsed JSON; null without a body. */
  readonly body: unknown;
}

export interface ContractAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, a text as it is; nothing for undefined. */
  readonly body?: unknown;
}

export interface ContractServer {
  readonly url: string;
  /** Each request, as `METHOD path`. */
  readonly requests: readonly string[];
  /** What the real server would have refused, or never been asked: a test's afterEach asserts that there is none. */
  readonly violations: readonly string[];
  stop(): Promise<void>;
}

export const USER = { username: 'sexton', password: 'a test password' };
const AUTHORIZATION = `Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString('base64')}`;

/**
 * A server that knows one contract: `answer` returns null for a request that the contract does not have, and calls
 * `violated` for one that breaks it.
 */
export const startContractServer = async (
  answer: (request: ContractRequest, violated: (what: string) => void) => ContractAnswer | null,
): Promise<ContractServer> => {
  const requests: string[] = [];
  const violations: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://contract');
      const name = `${request.method} ${url.pathname}`;
      requests.push(name);
      const violated = (what: string): void => void violations.push(`${name}: ${what}`);
      if (request.headers.authorization !== AUTHORIZATION) violated('without the right credentials');
      if (request.headers.cookie !== undefined) violated('with a cookie');
      const text = Buffer.concat(chunks).toString('utf8');
      if (text !== '' && request.headers['content-type'] !== 'application/json') violated('body is not JSON');
      const asked = {
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body: text === '' ? null : (JSON.parse(text) as unknown),
      };
      const given = answer(asked, violated);
      if (given === null) violated('is not in the contract');
      const { status, headers, body } = given ?? { status: 404, headers: {}, body: undefined };
      const isText = typeof body === 'string';
      response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...headers });
      response.end(body === undefined ? '' : isText ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the contract server has no address');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    violations,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
};
