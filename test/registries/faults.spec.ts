import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { SextonError } from '../../src/errors/sexton-error.js';
import { digestOf, parseDigest } from '../../src/oci/digest.js';
import { MEDIA_TYPES } from '../../src/oci/media-types.js';
import { parseTag } from '../../src/oci/names.js';
import { createRegistry } from '../../src/registries/create-registry.js';
import { APP, never, optionsFor } from './adapter.js';
import { json, startScriptedRegistry, type ScriptedRegistry } from './scripted-registry.js';

const V1 = parseTag('v1');
const PASSWORD = 'planted-password-77aa';
const BYTES = Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [] }));

let registry: ScriptedRegistry;
let elsewhere: ScriptedRegistry;
beforeAll(async () => {
  registry = await startScriptedRegistry();
  elsewhere = await startScriptedRegistry();
});
afterAll(async () => {
  await registry?.stop();
  await elsewhere?.stop();
});

type Answer = (response: ServerResponse) => unknown;

/** A success is one, whatever follows: only reading needs what is in it. */
const READS_ONLY = 'a Content-Length that is too small';

/** Says that more or fewer bytes come than do. */
const saying = (length: number, close: boolean): Answer => {
  return (response) => {
    response.strictContentLength = false;
    const type = { 'content-type': MEDIA_TYPES.ociManifest, 'content-length': String(length) };
    response.writeHead(200, type).write(BYTES);
    return close ? response.socket?.end() : response.end();
  };
};

const FAULTS: [name: string, answer: Answer][] = [
  ...[400, 403, 405, 409, 412, 429, 500, 502, 503, 504].map((status): [string, Answer] => [
    String(status),
    (response) => json(response, status, { errors: [{ code: 'UNKNOWN', message: 'no' }] }),
  ]),
  ['401 without a challenge', (response) => json(response, 401, {})],
  [
    'a bearer realm on a host that is not allowed (TRAPS 16)',
    (response) =>
      json(response, 401, {}, { 'www-authenticate': `Bearer realm="${elsewhere.origin}/token",service="x"` }),
  ],
  ['404 with a page (TRAPS 4)', (response) => response.writeHead(404).end('<html>nothing here</html>')],
  ['404 with nothing (TRAPS 4)', (response) => response.writeHead(404).end()],
  [
    '200 with a page',
    (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>sign in</html>'),
  ],
  ['a body cut short', saying(1_000, true)],
  [READS_ONLY, saying(3, false)],
  ['a connection that is reset', (response) => response.socket?.destroy()],
  ['a connection that is half closed', (response) => response.socket?.end()],
  ['no HTTP', (response) => response.socket?.end('220 mail.example ESMTP\r\n')],
  [
    'a redirect to another host',
    (response) => response.writeHead(307, { location: `${elsewhere.origin}/v2/` }).end(),
  ],
];

/** Nothing may be concluded from these answers: neither that a thing is gone, nor that it was done. */
describe.each(['distribution', 'dtr', 'harbor', 'v1'] as const)(
  'a registry of type %s that answers',
  (type) => {
    const digest = type === 'v1' ? parseDigest(`v1id:${'0'.repeat(64)}`) : digestOf(Buffer.from('asked for'));
    const manifest = {
      bytes: Buffer.from(JSON.stringify(['0'.repeat(64)])),
      mediaType: MEDIA_TYPES.v1Ancestry,
    };

    it.each(FAULTS)('%s: nothing is taken for gone, or for done', async (fault, answer) => {
      const credentials = { username: 'sexton', password: PASSWORD };
      // Of each call its own, so that no breaker opens before the last one.
      const open = () => {
        const adapter = createRegistry(
          optionsFor(registry.url, { type, credentials, attempts: 1, requestTimeoutMs: 2_000 }),
        );
        onTestFinished(() => adapter.close());
        return adapter;
      };
      registry.answer((_request, response) => answer(response));
      const before = elsewhere.requests.length;
      const wrong: string[] = [];
      for (const [verb, call] of Object.entries({
        listTags: () => open().listTags(APP, never()),
        resolve: () => open().resolve(APP, V1, never()),
        readManifest: () => open().readManifest(APP, digest, never()),
        untag: () => open().untag(APP, V1, digest, never()),
        deleteManifest: () => open().deleteManifest(APP, digest, never()),
        putManifest: () => open().putManifest(APP, V1, manifest, never()),
      })) {
        if (fault === READS_ONLY && /^(untag|delete|put)/.test(verb)) continue;
        const outcome = await call().then(
          (value: unknown) => ({ value }),
          (error: unknown) => error,
        );
        if (!(outcome instanceof SextonError)) wrong.push(`${verb}: ${JSON.stringify(outcome)}`);
        expect(String(outcome) + JSON.stringify(outcome), verb).not.toContain(PASSWORD);
      }
      expect(wrong).toEqual([]);
      expect(
        await open()
          .canPullBlob(APP, digest, never())
          .catch(() => false),
      ).toBe(false);
      // A blob alone may be fetched from another host, and then without credentials.
      for (const { headers } of elsewhere.requests.slice(before))
        expect(headers.authorization).toBeUndefined();
    });
  },
);
