import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRegistryName } from '../../src/oci/names.js';
import { headManifest, pushImage, pushIndex } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';

const run = promisify(execFile);
const MISSING = `sha256:${'0'.repeat(64)}`;

let registry: RegistryServer;
let other: RegistryServer;
let gateway: TestGateway;
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'front-'));
  registry = await startRegistry();
  other = await startRegistry();
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url), registryOptions('other', other.url)],
    front: {
      hosts: new Map([['hub.internal', parseRegistryName('other')]]),
      defaultRegistry: parseRegistryName('prod'),
    },
  });
});
afterAll(async () => {
  await gateway?.stop();
  await registry?.stop();
  await other?.stop();
  await rm(home, { recursive: true, force: true });
});

const at = (repository: string, server = registry) => ({ registryUrl: server.url, repository });

/** As people's scripts do it: curl -u name:password. */
const curl = (method: 'get' | 'head' | 'delete' | 'post', path: string, key = gateway.adminKey) =>
  request(gateway.url)[method](path).auth('myname', key);

const auditOf = async (deletion: string) => {
  const id = deletion.split('/').at(-1);
  const answer = await gateway.api().get(`/v1/audit/events?deletion=${id}`).expect(200);
  return (answer.body as { items: Record<string, unknown>[] }).items;
};

describe('the registry API', () => {
  it('asks for credentials as a registry does', async () => {
    const answer = await request(gateway.url).get('/v2/').expect(401);
    expect(answer.headers).toMatchObject({
      'www-authenticate': expect.stringMatching(/^Basic realm="sexton", Bearer realm=/) as string,
      'docker-distribution-api-version': 'registry/2.0',
    });
    expect(answer.body).toMatchObject({ errors: [{ code: 'UNAUTHORIZED' }] });
    await curl('get', '/v2/').expect(200);
    await curl('get', '/v2/', 'wrong').expect(401);
  });

  it('deletes by digest, with 202 and one audited deletion', async () => {
    const image = await pushImage(at('toutiao.baseimage'), { tags: ['v1.0'], content: 'v1.0' });
    const head = await curl('head', '/v2/toutiao.baseimage/manifests/v1.0').expect(200);
    expect(head.headers).toMatchObject({
      'docker-content-digest': image.digest,
      'content-length': String(image.bytes.byteLength),
      'content-type': image.mediaType,
    });
    const answer = await curl('delete', `/v2/toutiao.baseimage/manifests/${image.digest}`)
      .set('Sexton-Reason', 'CVE-2026-1234')
      .set('Sexton-Ticket', 'OPS-17')
      .expect(202);
    expect((await headManifest(at('toutiao.baseimage'), 'v1.0')).status).toBe(404);
    const events = await auditOf(answer.headers['sexton-deletion'] ?? '');
    expect(events.find(({ action }) => action === 'target.deleted')).toMatchObject({
      registry: 'prod',
      repository: 'toutiao.baseimage',
      digest: image.digest,
      reason: 'CVE-2026-1234',
      ticket: 'OPS-17',
      actor: { name: 'SEXTON_ADMIN_KEY' },
    });
    await curl('delete', `/v2/toutiao.baseimage/manifests/${image.digest}`).expect(404);
  });

  it('deletes as DTR does, with 204, by tag and by digest, with and without a namespace', async () => {
    await pushImage(at('toutiao.baseimage'), { tags: ['v2.0', 'stays'], content: 'v2.0' });
    const image = await pushImage(at('ns/repo'), { tags: ['v1'], content: 'ns' });
    await curl('delete', '/api/v0/repositories/toutiao.baseimage/manifests/v2.0').expect(204);
    expect((await headManifest(at('toutiao.baseimage'), 'v2.0')).status).toBe(404);
    expect((await headManifest(at('toutiao.baseimage'), 'stays')).status).toBe(200);
    await curl('delete', '/api/v0/repositories/toutiao.baseimage/tags/stays').expect(204);
    await curl('delete', `/api/v0/repositories/ns/repo/manifests/${image.digest}`).expect(204);
    await curl('delete', `/api/v0/repositories/ns/repo/manifests/${image.digest}`).expect(404);
  });

  it('removes a tag alone: what it named stays under its other tags (TRAPS 1)', async () => {
    const image = await pushImage(at('team-a/app'), { tags: ['v3', 'stable'], content: 'v3' });
    await curl('delete', '/v2/team-a/app/manifests/v3').expect(202);
    expect((await headManifest(at('team-a/app'), 'stable')).digest).toBe(image.digest);
  });

  it('refuses a digest that several tags name, and says which', async () => {
    const image = await pushImage(at('team-a/shared'), { tags: ['v3', 'stable'], content: 'shared' });
    const answer = await curl('delete', `/v2/team-a/shared/manifests/${image.digest}`).expect(409);
    expect(answer.body).toMatchObject({ errors: [{ code: 'DENIED', detail: { code: 'shared_digest' } }] });
    expect((await headManifest(at('team-a/shared'), 'v3')).status).toBe(200);
  });

  it('takes them all, as a registry would, where that is configured', async () => {
    const image = await pushImage(at('team-a/all'), { tags: ['v3', 'stable'], content: 'all' });
    const lenient = await startTestGateway({
      registries: [registryOptions('prod', registry.url)],
      front: { defaultRegistry: parseRegistryName('prod'), sharedDigests: 'include' },
    });
    await request(lenient.url)
      .delete(`/v2/team-a/all/manifests/${image.digest}`)
      .auth('me', lenient.adminKey)
      .expect(202);
    await lenient.stop();
    expect((await headManifest(at('team-a/all'), 'stable')).status).toBe(404);
  });

  it('refuses a platform of a living index (TRAPS 8), and leaves platforms when the index goes', async () => {
    const child = await pushImage(at('team-a/multi'), { content: 'child' });
    const index = await pushIndex(at('team-a/multi'), [child], { tags: ['multi'] });
    await curl('delete', `/v2/team-a/multi/manifests/${child.digest}`).expect(409);
    await curl('delete', `/v2/team-a/multi/manifests/${index.digest}`).expect(202);
    expect((await headManifest(at('team-a/multi'), child.digest)).status).toBe(200);
  });

  it('reads manifests byte for byte, tags and the catalog in pages', async () => {
    const image = await pushImage(at('reads/app'), { tags: ['a', 'b', 'c'], content: 'reads' });
    const read = await curl('get', '/v2/reads/app/manifests/a')
      .buffer(true)
      .parse((response, done) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => done(null, Buffer.concat(chunks)));
      })
      .expect(200);
    expect(Buffer.compare(read.body as Buffer, image.bytes)).toBe(0);
    const first = await curl('get', '/v2/reads/app/tags/list?n=2').expect(200);
    expect(first.body).toEqual({ name: 'reads/app', tags: ['a', 'b'] });
    const next = /<([^>]+)>; rel="next"/.exec(first.headers['link'] ?? '')?.[1] ?? '';
    expect((await curl('get', next).expect(200)).body).toEqual({ name: 'reads/app', tags: ['c'] });
    const catalog = await curl('get', '/v2/_catalog').expect(200);
    expect((catalog.body as { repositories: string[] }).repositories).toContain('reads/app');
    await curl('get', '/v2/reads/app/manifests/nothing').expect(404);
    await curl('get', '/v2/reads/nothing/tags/list').expect(404);
    await curl('get', `/v2/reads/app/referrers/${image.digest}`).expect(404);
  });
});

describe('which registry is meant', () => {
  it('says the host, or the first part of the name, or the configuration', async () => {
    await pushImage(at('team-c/app', other), { tags: ['v1', 'v2'], content: 'other' });
    await curl('get', '/v2/team-c/app/tags/list').set('Host', 'hub.internal').expect(200);
    await curl('get', '/v2/team-c/app/tags/list').set('Host', 'HUB.internal:5000').expect(200);
    await curl('get', '/v2/other/team-c/app/tags/list').expect(200);
    await curl('get', '/v2/team-c/app/tags/list').expect(404);
    await curl('delete', '/v2/other/team-c/app/manifests/v1').expect(202);
    expect((await headManifest(at('team-c/app', other), 'v1')).status).toBe(404);
  });

  it('and what could mean two things is refused', async () => {
    await pushImage(at('team-d/app', other), { tags: ['v1'], content: 'one' });
    await pushImage(at('other/team-d/app'), { tags: ['v1'], content: 'two' });
    const answer = await curl('delete', '/v2/other/team-d/app/manifests/v1').expect(400);
    expect(answer.body).toMatchObject({ errors: [{ code: 'NAME_INVALID' }] });
    expect((await headManifest(at('team-d/app', other), 'v1')).status).toBe(200);
    expect((await headManifest(at('other/team-d/app'), 'v1')).status).toBe(200);
  });
});

describe('what is no request of a registry', () => {
  it.each([
    ['delete', '/v2/team-a/%2e%2e/x/manifests/v1', 400],
    ['delete', '/v2/team-a%2Fapp/manifests/v1', 400],
    ['delete', '/v2/Team/manifests/v1', 400],
    ['delete', '/v2/team-a/app/manifests/sha256:abc', 400],
    ['delete', `/v2/team-a/app/manifests/${'v'.repeat(200)}`, 400],
    ['delete', '/v2/team-a/app/manifests/', 404],
    ['delete', '/v2/team-a/app/blobs/' + MISSING, 404],
    ['delete', '/v2//manifests/v1', 404],
    ['delete', '/api/v0/repositories/ns//manifests/v1', 404],
    ['delete', '/api/v0/repositories/ns/repo', 404],
    ['delete', '/v2/', 405],
    ['delete', '/v2/_catalog', 405],
    ['post', '/v2/team-a/app/blobs/uploads/', 405],
    ['get', '/v2/team-a/app/tags/list?n=x', 400],
  ] as const)('%s %s: %i', async (method, path, status) => {
    const answer = await curl(method, path);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ errors: [{ message: expect.any(String) as string }] });
  });

  it.each([
    ['put', '/v2/team-a/app/manifests/v1', 'GET, HEAD, DELETE'],
    ['delete', '/v2/team-a/app/tags/list', 'GET, HEAD'],
    ['delete', '/v2/', 'GET, HEAD'],
    ['put', '/v2/token', 'GET, HEAD, POST'],
    ['post', '/v2/team-a/app/blobs/uploads/', ''],
  ] as const)('%s %s says in Allow what the path takes: %s', async (method, path, allow) => {
    const answer = await request(gateway.url)[method](path).auth('me', gateway.adminKey).expect(405);
    expect(answer.headers['allow']).toBe(allow);
  });

  it('leaves DELETE out of Allow where the registry deletes nothing', async () => {
    await pushImage(at('kept', other), { tags: ['v1'], content: 'kept' });
    await other.restart({ deleteEnabled: false });
    const answer = await curl('delete', '/v2/other/kept/manifests/v1');
    const asDtr = await curl('delete', '/api/v0/repositories/other/kept/manifests/v1');
    await other.restart({ deleteEnabled: true });
    expect([answer, asDtr].map(({ status, headers }) => [status, headers['allow']])).toEqual([
      [405, 'GET, HEAD'],
      [405, ''],
    ]);
  });

  it('deletes nothing for whoever may not: what it may not see is not there', async () => {
    const image = await pushImage(at('team-e/app'), { tags: ['v1'], content: 'e' });
    const key = async (role: string, scope: string) => {
      const made = await gateway
        .api()
        .post('/v1/api-keys')
        .send({ name: `${role} ${scope}`, role, scopes: [scope] })
        .expect(201);
      return (made.body as { secret: string }).secret;
    };
    const path = `/v2/team-e/app/manifests/${image.digest}`;
    await curl('delete', path, await key('requester', 'prod/team-z/**:delete')).expect(404);
    await curl('delete', path, await key('requester', 'prod/team-e/**:read')).expect(403);
    await curl('delete', path, await key('auditor', 'prod/team-e/**:read')).expect(403);
    const catalog = await curl('get', '/v2/_catalog', await key('requester', 'prod/team-z/**:delete'));
    expect(catalog.body).toEqual({ repositories: [] });
    expect((await headManifest(at('team-e/app'), 'v1')).status).toBe(200);
  });

  it('takes no reason that hides something', async () => {
    await curl('delete', '/v2/team-a/app/manifests/v1').set('Sexton-Reason', 'x'.repeat(3_000)).expect(400);
  });
});

describe('skopeo, with only the host changed', () => {
  const skopeo = (...args: string[]) =>
    run('skopeo', [...args, '--tls-verify=false', '--creds', `me:${gateway.adminKey}`]);
  const image = (name: string) => `docker://${gateway.url.replace('http://', '')}/${name}`;

  it('inspects, lists and deletes', async () => {
    const pushed = await pushImage(at('skopeo/app'), { tags: ['v1', 'v2'], content: 'skopeo 1' });
    await pushImage(at('skopeo/app'), { tags: ['v2'], content: 'skopeo 2' });
    const { stdout } = await skopeo('list-tags', image('skopeo/app'));
    expect(JSON.parse(stdout)).toMatchObject({ Tags: ['v1', 'v2'] });
    const raw = await skopeo('inspect', '--raw', image('skopeo/app:v1'));
    expect(raw.stdout).toBe(pushed.bytes.toString());
    await skopeo('delete', image('skopeo/app:v1'));
    expect((await headManifest(at('skopeo/app'), 'v1')).status).toBe(404);
    expect((await headManifest(at('skopeo/app'), 'v2')).status).toBe(200);
  });

  it('says why when Sexton refuses', async () => {
    await pushImage(at('skopeo/shared'), { tags: ['v1', 'stable'], content: 'skopeo shared' });
    await expect(skopeo('delete', image('skopeo/shared:v1'))).rejects.toThrow(/stable/);
    expect((await headManifest(at('skopeo/shared'), 'stable')).status).toBe(200);
  });
});
