import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { probeWritability } from '../../src/collections/storage-deletion/registry-probe.js';
import { parseRepositoryName } from '../../src/oci/names.js';
import { startRegistry } from '../../tools/registry-server.js';

const REPOSITORY = parseRepositoryName('team/app');

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});

const serve = async (contentType: string): Promise<string> => {
  const server: Server = createServer((_, response) => {
    response.writeHead(405, { 'content-type': contentType }).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  cleanUp.push(() => new Promise((closed) => server.close(closed)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

it('sees that a registry is read-only, writable, or down', async () => {
  const readOnly = await startRegistry({ readOnly: true });
  cleanUp.push(() => readOnly.stop());
  expect(await probeWritability(readOnly.url, REPOSITORY)).toBe('read_only');
  const writable = await startRegistry();
  expect(await probeWritability(writable.url, REPOSITORY)).toBe('writable');
  await writable.stop();
  expect(await probeWritability(writable.url, REPOSITORY)).toBe('down');
});

it.each(['application/json; charset=utf-8', 'text/html'])(
  'does not take a 405 as %s for a registry that is read-only',
  async (contentType) => {
    expect(await probeWritability(await serve(contentType), REPOSITORY)).toBe('unknown');
  },
);
