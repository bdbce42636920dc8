import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Agent } from 'node:http';
import type { Socket } from 'node:net';

/** One request that changes the registry, as it went through the link. Times in milliseconds since 1970, fractions kept. */
export interface Mutation {
  /** Which process: its slot, and the how-manieth process in it. */
  readonly writer: string;
  readonly method: string;
  readonly repository: string;
  /** Tag or digest of a manifest, or the path of an upload. */
  readonly reference: string;
  readonly arrivedAt: number;
  /** When the registry had answered, or the connection to it was given up; Infinity while it runs. */
  endedAt: number;
  /** The registry's answer; null when there was none, or it was asked for nothing. */
  status: number | null;
  /** The one who asked was gone before the answer. */
  abandoned: boolean;
}

export interface RegistryLink {
  /** The registry's URL for one process; what comes through it is that process's. */
  urlFor(writer: () => string): Promise<string>;
  readonly mutations: readonly Mutation[];
  readonly requests: () => number;
  /** Nothing passes, and what is under way is torn; until `mend`. */
  cut(): void;
  mend(): void;
  /** Each request waits up to so long before it is passed on; 0 ends it. */
  delay(mostMs: number): void;
  /** One in so many answers is lost after the registry did the work; 0 ends it. */
  loseAnswers(oneIn: number): void;
  stop(): Promise<void>;
}

const MUTATING = /^\/v2\/(.+)\/(?:manifests|blobs\/uploads)\/([^?]*)/;
const now = (): number => performance.timeOrigin + performance.now();

/**
 * A link to a real registry that can be cut and slowed, with an entrance for each process: it keeps who changed what,
 * and when. `random` is in [0, 1). A request of somebody who is gone is not passed on.
 */
export const startRegistryLink = async (target: string, random: () => number): Promise<RegistryLink> => {
  const mutations: Mutation[] = [];
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const agent = new Agent({ keepAlive: true, maxSockets: 128 });
  let isCut = false;
  let delayMs = 0;
  let lossOneIn = 0;
  let requests = 0;

  const pass = (request: IncomingMessage, response: ServerResponse, entry: Mutation | null): void => {
    const end = (status: number | null): void => {
      if (!entry || entry.endedAt !== Infinity) return;
      entry.endedAt = now();
      entry.status = status;
    };
    if (request.socket.destroyed || isCut) {
      if (entry) entry.abandoned = true;
      end(null);
      request.socket.destroy();
      return;
    }
    const upstream = httpRequest(
      new URL(request.url ?? '/', target),
      { method: request.method, headers: request.headers, agent },
      (answer) => {
        const isLost = lossOneIn > 0 && Math.floor(random() * lossOneIn) === 0;
        answer.on('end', () => end(answer.statusCode ?? null));
        answer.on('close', () => end(answer.statusCode ?? null));
        if (isLost || isCut || request.socket.destroyed) {
          answer.resume();
          request.socket.destroy();
          return;
        }
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    upstream.on('error', () => {
      end(null);
      request.socket.destroy();
    });
    // Whoever asked is gone: what was not sent on yet is not sent; what the registry has, it ends at its own time.
    response.on('close', () => {
      if (entry && !response.writableFinished) entry.abandoned = true;
    });
    request.pipe(upstream);
  };

  const handle = (writer: string, request: IncomingMessage, response: ServerResponse): void => {
    requests += 1;
    const mutating =
      request.method === 'GET' || request.method === 'HEAD' ? null : MUTATING.exec(request.url ?? '');
    const entry: Mutation | null = mutating && {
      writer,
      method: request.method ?? '',
      repository: mutating[1] ?? '',
      reference: mutating[2] ?? '',
      arrivedAt: now(),
      endedAt: Infinity,
      status: null,
      abandoned: false,
    };
    if (entry) mutations.push(entry);
    const waitMs = delayMs > 0 ? random() * delayMs : 0;
    if (waitMs > 0) setTimeout(() => pass(request, response, entry), waitMs);
    else pass(request, response, entry);
  };

  return {
    mutations,
    requests: () => requests,
    urlFor: async (writer) => {
      const server = createServer((request, response) => handle(writer(), request, response));
      server.keepAliveTimeout = 60_000;
      server.on('connection', (socket) => {
        if (isCut) socket.destroy();
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => sockets.delete(socket));
      });
      servers.push(server);
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      const address = server.address();
      if (typeof address !== 'object' || address === null) throw new Error('the link has no address');
      return `http://127.0.0.1:${address.port}`;
    },
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend: () => {
      isCut = false;
    },
    delay: (mostMs) => {
      delayMs = mostMs;
    },
    loseAnswers: (oneIn) => {
      lossOneIn = oneIn;
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
      agent.destroy();
    },
  };
};
