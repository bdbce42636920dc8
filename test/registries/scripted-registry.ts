import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** One request as it came. */
export interface SeenRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

type Script = (request: SeenRequest, response: ServerResponse) => unknown;

export interface ScriptedRegistry {
  readonly url: string;
  readonly origin: string;
  readonly requests: readonly SeenRequest[];
  /** Answers from now on. */
  answer(script: Script): void;
  stop(): Promise<void>;
}

/** A server that misbehaves exactly as a test says, for what no real registry does on demand. */
export const startScriptedRegistry = async (): Promise<ScriptedRegistry> => {
  const requests: SeenRequest[] = [];
  let script: Script = (_, response) => response.writeHead(500).end();
  const server = createServer((request, response) => {
    const seen = { method: request.method ?? '', path: request.url ?? '', headers: request.headers };
    requests.push(seen);
    request.resume();
    request.on('end', () => void script(seen, response));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no address');
  const origin = `http://127.0.0.1:${address.port}`;
  return {
    url: origin,
    origin,
    requests,
    answer: (next) => {
      script = next;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
};

/** Answers with JSON. */
export const json = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void =>
  void response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify(body));

/** The error envelope of the OCI distribution spec. */
export const refuse = (response: ServerResponse, status: number, code: string, message = 'no'): void =>
  json(response, status, { errors: [{ code, message }] });
