import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.js';
import { MEDIA_TYPES } from '../../src/oci/media-types.js';
import { parseTag } from '../../src/oci/names.js';
import { DistributionRegistry } from '../../src/registries/distribution/distribution-registry.js';
import { makeThrowaway } from '../../src/registries/distribution/throwaway.js';
import { APP, never, optionsFor } from './adapter.js';
import { refuse, startScriptedRegistry, type ScriptedRegistry } from './scripted-registry.js';

const V1 = parseTag('v1');
const BYTES = Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [] }));
const DIGEST = digestOf(BYTES);

let registry: ScriptedRegistry;
let adapter: DistributionRegistry;
/** What the tag shows. */
let bytes: Uint8Array;

const answerWith = (
  response: ServerResponse,
  status: number,
  headers = {},
  body: Uint8Array = Buffer.alloc(0),
) => response.writeHead(status, headers).end(body);

beforeAll(async () => {
  registry = await startScriptedRegistry();
});
afterAll(() => registry.stop());
beforeEach(() => {
  bytes = BYTES;
  adapter = new DistributionRegistry(optionsFor(registry.url));
  // A registry 2.8 that takes every write, and on which the tag never changes by it.
  registry.answer(({ method, path }, response) => {
    if (path === '/v2/') return answerWith(response, 200);
    if (path.includes('/referrers/')) return refuse(response, 404, 'NOT_FOUND');
    if (method === 'POST') return answerWith(response, 202, { location: '/v2/team-a/app/blobs/uploads/1' });
    if (method === 'PUT') return answerWith(response, 201);
    if (method === 'DELETE' && path.includes('sexton-probe')) return refuse(response, 400, 'DIGEST_INVALID');
    if (method === 'DELETE') return refuse(response, 404, 'MANIFEST_UNKNOWN');
    const headers = { 'content-type': MEDIA_TYPES.ociManifest, 'docker-content-digest': digestOf(bytes) };
    return answerWith(response, 200, headers, method === 'HEAD' ? undefined : bytes);
  });
});
afterEach(() => adapter.close());

const untag = async () => {
  await adapter.probe(APP, never());
  const before = registry.requests.length;
  const outcome = await adapter.untag(APP, V1, DIGEST, never());
  return { outcome, methods: registry.requests.slice(before).map(({ method }) => method) };
};

it('a tag on a throw-away that stands for another image is somebody else’s: nothing is sent', async () => {
  bytes = makeThrowaway(digestOf(Buffer.from('another')), MEDIA_TYPES.ociManifest, 'a nonce').bytes;
  expect(await untag()).toEqual({ outcome: 'moved', methods: ['GET'] });
});

it('a tag on its own throw-away goes with that', async () => {
  bytes = makeThrowaway(DIGEST, MEDIA_TYPES.ociManifest, 'a nonce').bytes;
  expect((await untag()).methods).toEqual(['GET', 'DELETE', 'HEAD']);
});

it('a tag that is there again after its throw-away went has moved, and is not said to be gone', async () => {
  const { outcome, methods } = await untag();
  expect(outcome).toBe('moved');
  expect(methods).toContain('DELETE');
});
