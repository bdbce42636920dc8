import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';

export interface ProxiedRequest {
  readonly method: string;
  readonly path: string;
}

/** What the proxy does with a request instead of passing it on; null passes it on, and `lose` loses what is answered. */
export type Interference =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | 'reset'
  | 'lose'
  | null;

export interface RegistryProxy {
  readonly url: string;
  /** Every request that came, in order. */
  readonly requests: readonly ProxiedRequest[];
  /** Decides about each request; may wait, so that a test can act while a request is under way. */
  interfere(decide: (request: ProxiedRequest) => Interference | Promise<Interference>): void;
  stop(): Promise<void>;
}

/** A reverse proxy before a real registry, through which a test sees every request and makes trouble. */
export const startRegistryProxy = async (target: string): Promise<RegistryProxy> => {
  const requests: ProxiedRequest[] = [];
  let decide: (request: ProxiedRequest) => Interference | Promise<Interference> = () => null;
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const seen = { method: request.method ?? '', path: request.url ?? '' };
    requests.push(seen);
    const interference = await decide(seen);
    if (interference === 'reset') {
      request.socket.destroy();
      return;
    }
    if (interference !== null && interference !== 'lose') {
      response.writeHead(interference.status, interference.headers);
      response.end(interference.body ?? '');
      return;
    }
    const upstream = httpRequest(
      new URL(seen.path, target),
      { method: seen.method, headers: request.headers },
      (answer) => {
        if (interference === 'lose') {
          answer.resume();
          answer.on('end', () => request.socket.destroy());
          return;
        }
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    upstream.on('error', () => request.socket.destroy());
    request.pipe(upstream);
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the proxy has no address');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    interfere: (next) => {
      decide = next;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
};
