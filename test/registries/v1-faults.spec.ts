import { describe, expect, it, onTestFinished } from 'vitest';
import type { SextonError } from '../../src/errors/sexton-error.js';
import { startV1Server, type V1Fault } from '../../tools/fakes/v1-server.js';
import {
  APP,
  codeOf,
  errorOf,
  never,
  open,
  registry,
  server,
  tag,
  untag,
  useV1World,
  v1,
} from './v1-world.js';

const PASSWORD = 'planted-password-9c1d';

useV1World();

describe('a registry that does not work', () => {
  const answers = (fault: V1Fault) => {
    server.interfere(() => fault);
    return codeOf(registry.listTags(APP, never));
  };
  const JSON_TYPE = { 'content-type': 'application/json' };

  it.each<[string, V1Fault, string]>([
    [
      '401 of its own token scheme',
      { status: 401, headers: { 'www-authenticate': 'Token' } },
      'upstream_unauthorized',
    ],
    ['403', { status: 403 }, 'upstream_forbidden'],
    ['405', { status: 405 }, 'delete_disabled'],
    ['404 of a proxy', { status: 404, body: '<html>nothing here</html>' }, 'upstream_protocol_error'],
    [
      '404 for something else',
      { status: 404, headers: JSON_TYPE, body: '{"error": "Image not found"}' },
      'upstream_error',
    ],
    ['409', { status: 409, headers: JSON_TYPE, body: '{"error": "conflict"}' }, 'upstream_error'],
    ['429', { status: 429 }, 'upstream_rate_limited'],
    ['500', { status: 500, body: 'Traceback' }, 'upstream_error'],
    ['503', { status: 503 }, 'upstream_unavailable'],
    ['a page in place of JSON', { status: 200, body: '<html>welcome</html>' }, 'upstream_protocol_error'],
    ['a list in place of tags', { status: 200, body: '["v1"]' }, 'upstream_protocol_error'],
    [
      'something else than image ids',
      { status: 200, body: '{"v1": "../../etc"}' },
      'upstream_protocol_error',
    ],
    [
      'a name that is no tag',
      { status: 200, body: `{"a/b": "${'0'.repeat(64)}"}` },
      'upstream_protocol_error',
    ],
    ['a body that is cut short', { status: 200, body: '{"v1": ', cut: true }, 'upstream_unavailable'],
    ['a connection that is reset', 'reset', 'upstream_unavailable'],
    ['silence', 'silence', 'upstream_timeout'],
  ])('%s', async (_name, fault, code) => {
    expect(await answers(fault)).toBe(code);
  });

  it('a tag’s image that is none, an ancestry that is another’s', async () => {
    const image = server.addImage();
    server.tag('team-a/app', 'v1', image);
    server.interfere(({ path }) => (path.endsWith('/v1') ? { status: 200, body: '"sha256:abc"' } : null));
    expect(await codeOf(registry.resolve(APP, tag('v1'), never))).toBe('upstream_protocol_error');
    const other = JSON.stringify(['f'.repeat(64), image]);
    server.interfere(({ path }) => (path.endsWith('/ancestry') ? { status: 200, body: other } : null));
    expect(await codeOf(registry.readManifest(APP, tag('v1'), never))).toBe('digest_mismatch');
    server.interfere(() => null);
    server.content.images.set(image, { ancestry: [image], layer: null, isUploading: true });
    expect(await codeOf(registry.readManifest(APP, tag('v1'), never))).toBe('upstream_error');
  });

  it('is tried again where that can help', async () => {
    server.tag('team-a/app', 'v1', server.addImage());
    let failures = 1;
    server.interfere(() => (failures-- > 0 ? { status: 503 } : null));
    expect(await registry.listTags(APP, never)).toEqual(['v1']);
  });

  it('is sent nothing after the call was given up', async () => {
    const gone = new AbortController();
    gone.abort(new Error('given up'));
    const image = v1('0'.repeat(64));
    const calls = [
      () => registry.probe(null, gone.signal),
      () => registry.listRepositories({ after: null, limit: 1 }, gone.signal),
      () => registry.listTags(APP, gone.signal),
      () => registry.resolve(APP, tag('v1'), gone.signal),
      () => registry.readManifest(APP, image, gone.signal),
      () => registry.untag(APP, tag('v1'), image, gone.signal),
      () => registry.canPullBlob(APP, image, gone.signal),
    ];
    for (const call of calls) await expect(call()).rejects.toThrow('given up');
    expect(server.requests).toEqual([]);
  });
});

describe('credentials', () => {
  const credentials = { username: 'sexton', password: PASSWORD };

  it('go to the registry that asks for them', async () => {
    await open({ basic: credentials }, { credentials });
    const image = server.addImage();
    server.tag('team-a/app', 'v1', image);
    expect(await untag('v1', image)).toBe('untagged');
    expect(server.requests.map(({ authorization }) => authorization === null)).toEqual([true, false, false]);
  });

  it('never follow a redirect, and never stand in an error', async () => {
    await open({ basic: credentials }, { credentials });
    const elsewhere = await startV1Server();
    onTestFinished(() => elsewhere.stop());
    await registry.probe(null, never);
    const errors: SextonError[] = [];
    const faults: V1Fault[] = [
      { status: 302, headers: { location: `${elsewhere.url}/v1/repositories/team-a/app/tags` } },
      { status: 307, headers: { location: '//elsewhere.invalid/' } },
      { status: 500, body: `Traceback: ${PASSWORD}` },
      { status: 400, body: `{"error": "${PASSWORD}"}` },
      'reset',
    ];
    for (const fault of faults) {
      server.interfere(() => fault);
      errors.push(await errorOf(registry.listTags(APP, never)));
    }
    await open({ basic: credentials }, { credentials: { ...credentials, password: `${PASSWORD}-wrong` } });
    errors.push(await errorOf(registry.listTags(APP, never)));
    expect(errors.map(({ code }) => code)).toEqual([
      'upstream_protocol_error',
      'upstream_protocol_error',
      'upstream_error',
      'upstream_error',
      'upstream_unavailable',
      'upstream_unauthorized',
    ]);
    expect(elsewhere.requests).toEqual([]);
    const said = errors.map((error) => `${error.message} ${error.hint} ${JSON.stringify(error)}`).join('\n');
    expect(said).not.toContain(PASSWORD);
    expect(said).not.toContain(Buffer.from(`sexton:${PASSWORD}`).toString('base64'));
  });

  it('are asked for in vain where the registry wants tokens of an index', async () => {
    await open({ standalone: false }, { credentials });
    expect(await codeOf(registry.probe(null, never))).toBe('upstream_unauthorized');
    expect(server.requests.map(({ authorization }) => authorization)).toEqual([null]);
  });
});
