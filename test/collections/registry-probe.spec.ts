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

const listen = async (server: Server): Promise<string> => {
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
    const server = createServer((_, response) => {
      response.writeHead(405, { 'content-type': contentType }).end();
    });
    expect(await probeWritability(await listen(server), REPOSITORY)).toBe('unknown');
  },
);

it.each(['localhost:1', '127.0.0.1:1', 'nonsense', 'http://', 'file:///var/lib/registry'])(
  'does not take a registry for down because %s names no web address',
  async (url) => {
    expect(await probeWritability(url, REPOSITORY)).toBe('unknown');
  },
);

it('gives up the upload that it began', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.method === 'POST') response.setHeader('location', '/v2/team/app/blobs/uploads/1?state=2');
    response.writeHead(request.method === 'POST' ? 202 : 204).end();
  });
  expect(await probeWritability(`${await listen(server)}/`, REPOSITORY)).toBe('writable');
  expect(asked).toEqual(['POST /v2/team/app/blobs/uploads/', 'DELETE /v2/team/app/blobs/uploads/1?state=2']);
});
