import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below those that a system gives to outgoing connections (Linux from 32768, others from 49152): one of them may take the
 * port of a server that is down for a moment, which then does not come up again.
 */
const FROM = 20_000;
const UP_TO = 32_768;
const MOST_TRIES = 1_000;

const given = new Set<number>();

/** A port of 127.0.0.1 that was free a moment ago; no two of a process get the same one, whether they listen yet or not. */
export const freePort = async (): Promise<number> => {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const port = randomInt(FROM, UP_TO);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port');
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
