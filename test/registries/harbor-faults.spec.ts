import { describe, expect, it } from 'vitest';
import { parseDigest } from '../../src/oci/digest.js';
import { parseRepositoryName } from '../../src/oci/names.js';
import { basic, startHarborServer } from '../../tools/fakes/harbor-server.js';
import { pushImage } from '../../tools/images.js';
import {
  ABSENT,
  at,
  errorOf,
  errors,
  harbor,
  open,
  PASSWORD,
  push,
  registry,
  repository,
  ROBOT,
  signal,
  tellsSecret,
  v1,
  useHarbor,
} from './harbor-world.js';

useHarbor();

describe('accounts', () => {
  it('a robot works, with its dollar sign, from the first request on', async () => {
    const fresh = open();
    const before = harbor.requests.length;
    expect(await fresh.probe(repository, signal)).toEqual({
      deletes: 'manifests',
      deletion: 'enabled',
      untag: 'native',
      referrersApi: true,
      listsUntagged: true,
      deletesAlong: true,
    });
    expect(new Set(harbor.requests.slice(before).map(({ authorization }) => authorization))).toEqual(
      new Set([basic(ROBOT)]),
    );
    await fresh.close();
  });

  it('a version without the referrers API is told by its number', async () => {
    const old = await startHarborServer({ accounts: [ROBOT], version: 'v2.7.4-abc' });
    const adapter = open({ url: old.url });
    expect((await adapter.probe(null, signal)).referrersApi).toBe(false);
    await adapter.close();
    await old.stop();
  });

  it('a wrong password is a wrong password, everywhere', async () => {
    const digest = await push({ tags: ['v1'] });
    const wrong = open({ credentials: { username: ROBOT.username, password: `${PASSWORD}-old` } });
    const codes = [
      await errorOf(wrong.probe(null, signal)),
      await errorOf(wrong.listTags(repository, signal)),
      await errorOf(wrong.resolve(repository, v1, signal)),
      await errorOf(wrong.untag(repository, v1, digest, signal)),
      await errorOf(wrong.deleteManifest(repository, digest, signal)),
    ].map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['upstream_unauthorized']));
    await wrong.close();
  });

  it('a missing right is not a wrong password, though /v2 answers 401 to both', async () => {
    const [readable, secret] = ['readable/app', 'secret/app'].map(parseRepositoryName);
    if (!readable || !secret) throw new Error('both are names');
    const { digest } = await pushImage(at(readable), { tags: ['v1'] });
    await pushImage(at(secret), { tags: ['v1'] });
    const codes = [
      await errorOf(registry.deleteManifest(readable, parseDigest(digest), signal)),
      await errorOf(registry.untag(readable, v1, parseDigest(digest), signal)),
      await errorOf(registry.listTags(secret, signal)),
      await errorOf(registry.resolve(secret, v1, signal)),
      await errorOf(registry.listTags(parseRepositoryName('no-such-project/app'), signal)),
    ].map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['upstream_forbidden']));
    expect((await registry.resolve(readable, v1, signal))?.digest).toBe(digest);
  });
});

describe('a Harbor that does not work', () => {
  const OK_ARTIFACT = JSON.stringify({ digest: ABSENT, manifest_media_type: 'x/y' });
  const HTML = { 'content-type': 'text/html' };
  const faults: [string, Parameters<typeof harbor.interfere>[0], string][] = [
    ['429', () => ({ status: 429, headers: { 'retry-after': '7' } }), 'upstream_rate_limited'],
    ['500', () => ({ status: 500, body: '{"errors":[{"code":"UNKNOWN"}]}' }), 'upstream_error'],
    ['502', () => ({ status: 502 }), 'upstream_unavailable'],
    ['503', () => ({ status: 503 }), 'upstream_unavailable'],
    ['409', () => ({ status: 409, body: '{"errors":[{"code":"CONFLICT"}]}' }), 'upstream_error'],
    ['a 412 it does not explain', () => ({ status: 412, body: '{}' }), 'upstream_protocol_error'],
    [
      'a page with 200',
      () => ({ status: 200, headers: HTML, body: '<h1>Sign in</h1>' }),
      'upstream_protocol_error',
    ],
    [
      'a page with 404',
      () => ({ status: 404, headers: HTML, body: '<h1>Nothing</h1>' }),
      'upstream_protocol_error',
    ],
    [
      'a body cut short',
      () => ({ status: 200, body: OK_ARTIFACT.slice(0, 20), cut: true }),
      'upstream_unavailable',
    ],
    ['another digest', () => ({ status: 200, body: OK_ARTIFACT }), 'upstream_protocol_error'],
    ['a closed connection', () => 'reset', 'upstream_unavailable'],
  ];

  it.each(faults)('%s is never taken for an absent artifact', async (_, decide, code) => {
    const digest = await push({ tags: ['v1'] });
    // A breaker of its own: what failed before must not answer here.
    const adapter = open();
    harbor.interfere(decide);
    expect((await errorOf(adapter.resolve(repository, digest, signal))).code).toBe(code);
    harbor.interfere(() => null);
    expect((await adapter.resolve(repository, v1, signal))?.digest).toBe(digest);
    await adapter.close();
  });

  it.each(
    faults.filter(([name]) => !['a page with 200', 'a body cut short', 'another digest'].includes(name)),
  )('%s to a DELETE is neither deleted nor absent', async (_, decide, code) => {
    const digest = await push({ tags: ['v1'] });
    const adapter = open();
    harbor.interfere(decide);
    expect((await errorOf(adapter.deleteManifest(repository, digest, signal))).code).toBe(code);
    expect((await errorOf(adapter.untag(repository, v1, digest, signal))).code).toBe(code);
    harbor.interfere(() => null);
    expect((await adapter.resolve(repository, v1, signal))?.digest).toBe(digest);
    await adapter.close();
  });

  it('a deletion whose answer is lost is not sent again: what was pushed meanwhile stays', async () => {
    const digest = await push({ tags: ['v1'] });
    const patient = open({ attempts: 2 });
    harbor.interfere(async ({ method }) => {
      if (method !== 'DELETE') return null;
      harbor.interfere(() => null);
      harbor.store.deleteArtifact(repository, digest);
      await push({ tags: ['v1'] });
      return 'reset';
    });
    expect((await errorOf(patient.deleteManifest(repository, digest, signal))).canRetry).toBe(true);
    expect((await patient.resolve(repository, v1, signal))?.digest).toBe(digest);
    await patient.close();
  });

  it('bytes that do not hash to their digest are refused', async () => {
    const digest = await push({ tags: ['v1'] });
    harbor.interfere(({ path }) =>
      path.startsWith('/v2/')
        ? { status: 200, headers: { 'docker-content-digest': digest }, body: '{}' }
        : null,
    );
    expect((await errorOf(registry.readManifest(repository, v1, signal))).code).toBe('digest_mismatch');
  });

  it('an artifact that is listed and not served is doubt, not absence (TRAPS 4)', async () => {
    await push({ tags: ['v1'] });
    const gone = { status: 404, body: '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}' };
    harbor.interfere(({ path }) => (path.startsWith('/v2/') ? gone : null));
    expect((await errorOf(registry.readManifest(repository, v1, signal))).code).toBe('upstream_error');
  });

  it('a redirect to another host is not followed', async () => {
    const thief = await startHarborServer({ accounts: [ROBOT] });
    const digest = await push({ tags: ['v1'] });
    harbor.interfere(({ path }) => ({ status: 307, headers: { location: `${thief.url}${path}` } }));
    expect((await errorOf(registry.resolve(repository, v1, signal))).code).toBe('upstream_protocol_error');
    expect((await errorOf(registry.deleteManifest(repository, digest, signal))).code).toBe(
      'upstream_protocol_error',
    );
    expect(thief.requests).toEqual([]);
    await thief.stop();
  });

  it('a challenge for a token does not move the credentials to another host', async () => {
    const thief = await startHarborServer({ accounts: [ROBOT] });
    const challenge = `Bearer realm="${thief.url}/service/token",service="harbor-registry"`;
    harbor.interfere(() => ({ status: 401, headers: { 'www-authenticate': challenge } }));
    const adapter = open();
    expect((await errorOf(adapter.listTags(repository, signal))).code).toBe('upstream_unauthorized');
    await adapter.close();
    expect(thief.requests).toEqual([]);
    await thief.stop();
  });

  it('an aborted signal sends nothing', async () => {
    const before = harbor.requests.length;
    const aborted = AbortSignal.abort(new Error('stop'));
    await expect(registry.deleteManifest(repository, ABSENT, aborted)).rejects.toThrow('stop');
    await expect(registry.untag(repository, v1, ABSENT, aborted)).rejects.toThrow('stop');
    await expect(registry.listTags(repository, aborted)).rejects.toThrow('stop');
    expect(harbor.requests.length).toBe(before);
  });

  it('tells no secret in any error', () => {
    expect(errors.length).toBeGreaterThan(20);
    expect(errors.filter(tellsSecret)).toEqual([]);
  });
});
