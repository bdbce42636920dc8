import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../../src/oci/digest.js';
import { MEDIA_TYPES } from '../../src/oci/media-types.js';
import { parseTag } from '../../src/oci/names.js';
import { createRegistry } from '../../src/registries/create-registry.js';
import { APP, never, optionsFor } from './adapter.js';
import { startScriptedRegistry, type ScriptedRegistry } from './scripted-registry.js';

const V1 = parseTag('v1');
const BYTES = Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [] }));
const HEADERS = {
  'content-type': MEDIA_TYPES.ociManifest,
  'content-length': String(BYTES.byteLength),
  'docker-content-digest': digestOf(BYTES),
};

let registry: ScriptedRegistry;
beforeAll(async () => {
  registry = await startScriptedRegistry();
});
afterAll(() => registry?.stop());

const open = () => {
  const adapter = createRegistry(optionsFor(registry.url));
  onTestFinished(() => adapter.close());
  return adapter;
};

it('asks one question after the other on the same connections, also with HEAD', async () => {
  const ports = new Set<number | undefined>();
  registry.answer(({ method }, response) => {
    ports.add(response.socket?.remotePort);
    response.writeHead(200, HEADERS).end(method === 'GET' ? BYTES : undefined);
  });
  const adapter = open();
  for (let n = 0; n < 5; n += 1) {
    await adapter.resolve(APP, V1, never());
    await adapter.readManifest(APP, V1, never());
  }
  // Two: the second question comes before the pool has the first connection back.
  expect(ports.size).toBeLessThanOrEqual(2);
});

it('takes nothing of a body that comes after HEAD for an answer', async () => {
  const stray = 'HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
  const head = Object.entries(HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
  registry.answer(({ method }, response) => {
    if (method === 'HEAD') response.socket?.write(`HTTP/1.1 200 OK\r\n${head.join('')}\r\n${stray}`);
    else response.writeHead(200, HEADERS).end(BYTES);
  });
  const adapter = open();
  expect((await adapter.resolve(APP, V1, never()))?.digest).toBe(digestOf(BYTES));
  expect((await adapter.readManifest(APP, V1, never()))?.digest).toBe(digestOf(BYTES));
});
