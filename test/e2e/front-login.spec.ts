import { execFile } from 'node:child_process';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SignJWT } from 'jose';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseRegistryName } from '../../src/oci/names.js';
import { headManifest, pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { DockerStyleClient, type TokenAnswer } from '../support/docker-client.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';

const run = promisify(execFile);

let registry: RegistryServer;
let gateway: TestGateway;
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'front-login-'));
  registry = await startRegistry();
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url)],
    front: { defaultRegistry: parseRegistryName('prod') },
  });
});
afterAll(async () => {
  await gateway?.stop();
  await registry?.stop();
  await rm(home, { recursive: true, force: true });
});
afterEach(() => {
  vi.useRealTimers();
});

const at = (repository: string) => ({ registryUrl: registry.url, repository });

const aKey = async (scope: string): Promise<{ id: string; secret: string }> => {
  const made = await gateway
    .api()
    .post('/v1/api-keys')
    .send({ name: `for ${scope}`, role: 'requester', scopes: [scope] })
    .expect(201);
  return made.body as { id: string; secret: string };
};

const tokenOf = async (secret: string): Promise<string> => {
  const answer = await request(gateway.url).get('/v2/token?service=sexton').auth('me', secret).expect(200);
  return (answer.body as TokenAnswer).token;
};
const withToken = (method: 'get' | 'post' | 'delete', path: string, token: string) =>
  request(gateway.url)[method](path).set('Authorization', `Bearer ${token}`);

describe('a client of a registry without credentials', () => {
  it('is told both ways to log in, Basic first, and which scope it needs', async () => {
    const host = gateway.url.replace('http://', '');
    const challenge = async (method: 'get' | 'delete', path: string) =>
      (await request(gateway.url)[method](path).expect(401)).headers['www-authenticate'];
    const bearer = `Bearer realm="http://${host}/v2/token",service="sexton"`;
    expect(await challenge('get', '/v2/')).toBe(`Basic realm="sexton", ${bearer}`);
    expect(await challenge('delete', '/v2/team-a/app/manifests/v1')).toBe(
      `Basic realm="sexton", ${bearer},scope="repository:team-a/app:delete"`,
    );
    expect(await challenge('get', '/v2/team-a/app/tags/list')).toContain(
      'scope="repository:team-a/app:pull"',
    );
    expect(await challenge('get', '/v2/_catalog')).toContain('scope="registry:catalog:*"');
    expect(await challenge('get', '/v2/a%22b/manifests/v1')).toBe(`Basic realm="sexton", ${bearer}`);
    expect(await challenge('get', '/v2/token')).toBe('Basic realm="sexton"');
  });

  it('is sent where it came from, over TLS when a proxy says so, and nowhere that is no host', async () => {
    const challenge = async (headers: Record<string, string>) =>
      (await request(gateway.url).get('/v2/').set(headers).expect(401)).headers['www-authenticate'];
    expect(await challenge({ Host: 'hub.internal', 'X-Forwarded-Proto': 'https' })).toContain(
      'realm="https://hub.internal/v2/token"',
    );
    expect(await challenge({ Host: '[::1]:8080' })).toContain('realm="http://[::1]:8080/v2/token"');
    for (const host of ['a"b', 'a",scope="x', 'a/b', 'a@b', 'x'.repeat(300)]) {
      expect(await challenge({ Host: host })).toBe('Basic realm="sexton"');
    }
    const named = await startTestGateway({ registries: [], http: { publicUrl: 'https://hub.internal' } });
    const answer = await request(named.url).get('/v2/').set('Host', 'evil.example').expect(401);
    expect(answer.headers['www-authenticate']).toContain('realm="https://hub.internal/v2/token"');
    await named.stop();
  });
});

describe('a token', () => {
  it('is made of a key, by GET with Basic and by POST of a form', async () => {
    const { secret } = await aKey('prod/team-a/**:delete');
    const get = await request(gateway.url).get('/v2/token?service=sexton').auth('anyone', secret).expect(200);
    const post = await request(gateway.url)
      .post('/v2/token')
      .type('form')
      .send({
        grant_type: 'password',
        username: 'a:b',
        password: secret,
        service: 'sexton',
        scope: 'repository:x:pull',
      })
      .expect(200);
    for (const answer of [get.body, post.body] as TokenAnswer[]) {
      expect(answer.access_token).toBe(answer.token);
      expect(answer.expires_in).toBe(300);
      expect(Math.abs(Date.now() - Date.parse(answer.issued_at))).toBeLessThan(60_000);
      await withToken('get', '/v2/', answer.token).expect(200);
    }
    expect((post.body as TokenAnswer).scope).toBe('repository:x:pull');
  });

  it('is made of nothing else', async () => {
    await request(gateway.url).get('/v2/token').expect(401);
    await request(gateway.url).get('/v2/token').auth('me', 'wrong').expect(401);
    const post = (body: string, type = 'form') =>
      request(gateway.url).post('/v2/token').type(type).send(body);
    await post('grant_type=password&username=me&password=wrong').expect(401);
    await post('grant_type=refresh_token&refresh_token=x').expect(400);
    await post(`grant_type=password&password=${gateway.adminKey}&password=x`).expect(400);
    await post('').expect(400);
    await post(Array.from({ length: 50 }, (_, i) => `a${i}=1`).join('&')).expect(413);
    await post(`password=${'x'.repeat(20_000)}`).expect(413);
    await post('{"grant_type":"password"}', 'json').expect(400);
    // Else it could be renewed for ever.
    await withToken('get', '/v2/token', await tokenOf(gateway.adminKey)).expect(401);
  });

  it('may what its key may, at the registry routes', async () => {
    const { secret } = await aKey('prod/team-a/**:delete');
    const image = await pushImage(at('team-a/app'), { tags: ['v1', 'v2'], content: 'token' });
    await pushImage(at('team-b/app'), { tags: ['v1'], content: 'other' });
    const token = await tokenOf(secret);
    await withToken('get', '/v2/team-a/app/tags/list', token).expect(200);
    await withToken('get', '/v2/team-b/app/tags/list', token).expect(404);
    await withToken('delete', '/v2/team-b/app/manifests/v1', token).expect(404);
    const gone = await withToken('delete', '/v2/team-a/app/manifests/v1', token).expect(202);
    await withToken('delete', '/api/v0/repositories/team-a/app/tags/v2', token).expect(204);
    expect((await headManifest(at('team-a/app'), image.digest)).status).toBe(404);
    expect((await headManifest(at('team-b/app'), 'v1')).status).toBe(200);
    const deletion = await gateway
      .api()
      .get(gone.headers['sexton-deletion'] ?? '')
      .expect(200);
    expect(deletion.body).toMatchObject({ requestedBy: { name: 'for prod/team-a/**:delete' } });
  });

  it('is no credential anywhere else', async () => {
    const token = await tokenOf(gateway.adminKey);
    await withToken('get', '/v1/deletions', token).expect(401);
    await withToken('get', '/V1/deletions', token).expect(401);
    await withToken('get', '/v1/api-keys', token).expect(401);
    await withToken('post', '/v1/deletions', token).send({}).expect(401);
    await request(gateway.url).get('/v2/').auth('me', token).expect(401);
  });

  it('ends with its key: revoked, or rotated', async () => {
    const [first, second] = [await aKey('prod/team-a/**:read'), await aKey('prod/team-a/**:read')];
    const [revoked, rotated] = [await tokenOf(first.secret), await tokenOf(second.secret)];
    await withToken('get', '/v2/', revoked).expect(200);
    await withToken('get', '/v2/', rotated).expect(200);
    await gateway.api().delete(`/v1/api-keys/${first.id}`).expect(204);
    await gateway.api().post(`/v1/api-keys/${second.id}/rotate`).expect(200);
    await withToken('get', '/v2/', revoked).expect(401);
    await withToken('get', '/v2/', rotated).expect(401);
  });

  it('ends after five minutes, and its secret after a day', async () => {
    const token = await tokenOf(gateway.adminKey);
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 299_000);
    await withToken('get', '/v2/', token).expect(200);
    vi.setSystemTime(Date.now() + 40_000);
    const ended = await withToken('get', '/v2/', token).expect(401);
    expect(ended.body).toMatchObject({
      errors: [{ code: 'UNAUTHORIZED', detail: { code: 'token_expired' } }],
    });
    const kidOf = (text: string) => Buffer.from(text.split('.')[0] ?? '', 'base64url').toString();
    expect(kidOf(await tokenOf(gateway.adminKey))).toBe(kidOf(token));
    vi.setSystemTime(Date.now() + 25 * 3_600_000);
    expect(kidOf(await tokenOf(gateway.adminKey))).not.toBe(kidOf(token));
    const secrets = await gateway.database.db.selectFrom('registry_token_secrets').selectAll().execute();
    expect(secrets).toHaveLength(1);
  });

  it('cannot be made by somebody who knows how it looks', async () => {
    const { id } = await aKey('prod/team-a/**:read');
    const genuine = await tokenOf(gateway.adminKey);
    const [header = '', payload = '', signature = ''] = genuine.split('.');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = (secret: string, changes: object = {}) =>
      new SignJWT({ ...claims, ...changes })
        .setProtectedHeader({ alg: 'HS256', typ: 'sexton-registry+jwt', kid })
        .sign(Buffer.from(secret));
    for (const forged of [
      `${header}.${part({ ...claims, sub: id })}.${signature}`,
      `${part({ alg: 'none', typ: 'sexton-registry+jwt', kid })}.${payload}.`,
      await signed('x'.repeat(32)),
      await signed(kid),
      `${part({ alg: 'HS256', typ: 'JWT', kid })}.${payload}.${signature}`,
      `${part({ alg: 'HS256', typ: 'sexton-registry+jwt', kid: "' or 1=1" })}.${payload}.${signature}`,
      `${part({ alg: 'HS256', typ: 'sexton-registry+jwt', kid: 'Z'.repeat(26) })}.${payload}.${signature}`,
      'a.b.c',
    ]) {
      await withToken('get', '/v2/', forged).expect(401);
    }
  });
});

describe('a client that logs in as docker does', () => {
  it('goes where the challenge sends it, reads and deletes', async () => {
    const { secret } = await aKey('prod/docker/**:delete');
    await pushImage(at('docker/app'), { tags: ['v1'], content: 'docker' });
    const client = new DockerStyleClient(gateway.url, secret);
    expect((await client.send('GET', '/v2/')).status).toBe(200);
    expect((await client.send('HEAD', '/v2/docker/app/manifests/v1')).status).toBe(200);
    expect((await client.send('DELETE', '/v2/docker/app/manifests/v1')).status).toBe(202);
    expect((await headManifest(at('docker/app'), 'v1')).status).toBe(404);
    const wrong = new DockerStyleClient(gateway.url, 'wrong');
    await expect(wrong.send('GET', '/v2/')).rejects.toThrow('answered 401');
  });
});

/** A proxy that hides the Basic challenge, so that a client can only log in with a token. */
const startBearerOnly = async (): Promise<{ url: string; paths: string[]; server: Server }> => {
  const paths: string[] = [];
  const server = createServer((incoming, outgoing) => {
    paths.push(`${incoming.method} ${incoming.url}`);
    const options = { method: incoming.method, headers: incoming.headers };
    const upstream = httpRequest(new URL(incoming.url ?? '/', gateway.url), options, (answer) => {
      const challenge = answer.headers['www-authenticate']?.replace('Basic realm="sexton", ', '');
      outgoing.writeHead(answer.statusCode ?? 502, {
        ...answer.headers,
        ...(challenge !== undefined && { 'www-authenticate': challenge }),
      });
      answer.pipe(outgoing);
    });
    incoming.pipe(upstream);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the proxy has no address');
  return { url: `http://127.0.0.1:${address.port}`, paths, server };
};

describe('skopeo, after a login', () => {
  const skopeoAt = (url: string, file: string) => {
    const host = url.replace('http://', '');
    const auth = ['--authfile', join(home, file), '--tls-verify=false'];
    return {
      login: (password: string) =>
        run('skopeo', [
          'login',
          '--authfile',
          join(home, file),
          '--tls-verify=false',
          '-u',
          'me',
          '-p',
          password,
          host,
        ]),
      image: (verb: string, name: string) => run('skopeo', [verb, ...auth, `docker://${host}/${name}`]),
    };
  };

  it('inspects and deletes with Basic, the first challenge', async () => {
    const { secret } = await aKey('prod/skopeo/**:delete');
    await pushImage(at('skopeo/app'), { tags: ['v1'], content: 'skopeo basic' });
    const skopeo = skopeoAt(gateway.url, 'basic.json');
    await expect(skopeo.login('wrong')).rejects.toThrow(/invalid username\/password|unauthorized/i);
    expect((await skopeo.login(secret)).stdout).toContain('Login Succeeded');
    expect((await skopeo.image('list-tags', 'skopeo/app')).stdout).toContain('v1');
    await skopeo.image('delete', 'skopeo/app:v1');
    expect((await headManifest(at('skopeo/app'), 'v1')).status).toBe(404);
  });

  it('and with a token, where that is the only challenge', async () => {
    const { secret } = await aKey('prod/skopeo/**:delete');
    await pushImage(at('skopeo/app'), { tags: ['v2'], content: 'skopeo token' });
    const proxy = await startBearerOnly();
    const skopeo = skopeoAt(proxy.url, 'bearer.json');
    await expect(skopeo.login('wrong')).rejects.toThrow(/invalid username\/password|unauthorized/i);
    expect((await skopeo.login(secret)).stdout).toContain('Login Succeeded');
    expect((await skopeo.image('list-tags', 'skopeo/app')).stdout).toContain('v2');
    await skopeo.image('delete', 'skopeo/app:v2');
    proxy.server.closeAllConnections();
    await new Promise((done) => proxy.server.close(done));
    expect((await headManifest(at('skopeo/app'), 'v2')).status).toBe(404);
    expect(proxy.paths.filter((path) => path.startsWith('GET /v2/token?')).length).toBeGreaterThan(1);
  });
});
