import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import {
  answerTo,
  noTags,
  notFoundPage,
  type V1Answer,
  type V1Content,
  type V1Request,
} from './v1-contract.js';

/** What happens to a request in place of the registry's answer; `cut`: the body ends before its Content-Length. */
export type V1Fault =
  | {
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
      readonly cut?: boolean;
    }
  | 'reset'
  | 'silence'
  | null;

export interface V1ServerOptions {
  /** `search_backend` is set; by default there is no search at all. */
  readonly search?: boolean;
  /** `false` and no token: every call is refused, as with `standalone: false`. */
  readonly standalone?: boolean | 'mirror';
  /** A proxy before it wants these Basic credentials, as such registries are protected. */
  readonly basic?: { readonly username: string; readonly password: string };
}

export interface V1Server {
  readonly url: string;
  readonly content: V1Content;
  /** Every request, in order. */
  readonly requests: readonly (V1Request & { readonly authorization: string | null })[];
  /** Requests that the real one would refuse, or that would remove more than a tag. A test asserts that it is empty. */
  readonly violations: readonly string[];
  /** Adds an image with a layer; its id. */
  addImage(parent?: string): string;
  /** Points a tag at an image, which need not exist. */
  tag(repository: string, tag: string, image: string): void;
  /** Tags of the repository, by name. */
  tags(repository: string): Record<string, string>;
  /** Decides about each request before the registry sees it. */
  interfere(decide: (request: V1Request) => V1Fault): void;
  stop(): Promise<void>;
}

/**
 * A contract server of docker-registry 0.9.1 in Python, which cannot be run any more: routes, status codes, texts and
 * quirks as its source has them (FACTS §4).
 */
export const startV1Server = async (options: V1ServerOptions = {}): Promise<V1Server> => {
  const content: V1Content = { repositories: new Map(), images: new Map() };
  const requests: (V1Request & { authorization: string | null })[] = [];
  const violations: string[] = [];
  let decide: (request: V1Request) => V1Fault = () => null;

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = (await buffer(incoming)).toString('utf8');
    const request = { method: incoming.method ?? '', path: incoming.url ?? '', body };
    const authorization = incoming.headers.authorization ?? null;
    requests.push({ ...request, authorization });
    const fault = decide(request);
    if (fault === 'silence') return;
    if (fault === 'reset') {
      incoming.socket.destroy();
      return;
    }
    if (fault) {
      sendFault(response, fault);
      return;
    }
    const answer = refusal(options, authorization) ?? answerTo(request, content, options);
    if (answer.violation) violations.push(`${request.method} ${request.path}: ${answer.violation}`);
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(answer.body);
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no address');
  return {
    url: `http://127.0.0.1:${address.port}`,
    content,
    requests,
    violations,
    addImage: (parent) => {
      const id = randomBytes(32).toString('hex');
      const ancestry = [id, ...(parent === undefined ? [] : (content.images.get(parent)?.ancestry ?? []))];
      content.images.set(id, { ancestry, layer: Buffer.from(`layer of ${id}`), isUploading: false });
      return id;
    },
    tag: (repository, tag, image) => {
      const tags = content.repositories.get(repository) ?? noTags();
      content.repositories.set(repository, tags.set(tag, { image, hasJson: true }));
    },
    tags: (repository) => {
      const tags = content.repositories.get(repository) ?? noTags();
      return Object.fromEntries([...tags].map(([tag, { image }]) => [tag, image]));
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

const sendFault = (response: ServerResponse, fault: Exclude<V1Fault, string | null>): void => {
  const body = fault.body ?? '';
  if (!fault.cut) {
    response.writeHead(fault.status, fault.headers).end(body);
    return;
  }
  response.writeHead(fault.status, { ...fault.headers, 'content-length': String(body.length + 100) });
  response.write(body, () => response.socket?.end());
};

/** What the proxy, or `toolkit.requires_auth`, answers before the registry's own routes do. */
const refusal = (options: V1ServerOptions, authorization: string | null): V1Answer | null => {
  if (options.basic) {
    const { username, password } = options.basic;
    const wanted = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    if (authorization === wanted) return null;
    const headers = { 'www-authenticate': 'Basic realm="old registry"', 'content-type': 'text/html' };
    return { status: 401, body: notFoundPage, headers };
  }
  if (options.standalone !== false) return null;
  return {
    status: 401,
    body: '{"error": "Requires authorization"}',
    headers: { 'www-authenticate': 'Token' },
  };
};
