import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { exportSPKI, importJWK, UnsecuredJWT, type CryptoKey } from 'jose';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/gateway.js';
import {
  AUDIENCE,
  makeSigningKey,
  startIssuer,
  type SigningKey,
  type TestIssuer,
} from '../support/issuer.js';

let issuer: TestIssuer;
let gateway: TestGateway;
let stranger: SigningKey;

beforeAll(async () => {
  issuer = await startIssuer();
  stranger = await makeSigningKey();
  gateway = await startTestGateway({ registries: [], oidc: issuer.options() });
});
afterAll(async () => {
  await gateway?.stop();
  await issuer?.stop();
});
beforeEach(() => {
  issuer.setDown(false);
});
afterEach(() => {
  expect(issuer.violations).toEqual([]);
});

const deletions = (credential: string) =>
  request(gateway.url).get('/v1/deletions').set('Authorization', credential);
const withToken = (token: string) => deletions(`Bearer ${token}`);

const nowSeconds = (): number => Math.floor(Date.now() / 1000);
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** `token` with other contents, and its old signature. */
const forge = (token: string, claims: object): string => {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const old = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  return [header, part({ ...old, ...claims }), signature].join('.');
};

/** A token whose signature is an HMAC with the issuer's public key, which everybody can read. */
const confused = async (token: string): Promise<string> => {
  const [header = '', payload = ''] = token.split('.');
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
  const answer = await fetch(`${issuer.issuer}/keys`);
  const { keys } = (await answer.json()) as { keys: Record<string, unknown>[] };
  const jwk = keys.find((key) => key['kid'] === kid) ?? {};
  const pem = await exportSPKI((await importJWK(jwk, 'RS256', { extractable: true })) as CryptoKey);
  const signed = `${part({ alg: 'HS256', kid, typ: 'JWT' })}.${payload}`;
  return `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`;
};

describe('a token of the issuer', () => {
  it('lets in whoever it names, with the role and the scopes that it names', async () => {
    const token = await issuer.token();
    await withToken(token).expect(200);
    const refused = await request(gateway.url)
      .post('/v1/api-keys')
      .set('Authorization', `Bearer ${token}`)
      .send({ name: 'x', role: 'admin' })
      .expect(403);
    expect((refused.body as { detail: string }).detail).toContain('requester has no permission keys:manage');
  });

  it('acts under its sub, which can be no key and not Sexton itself', async () => {
    const token = await issuer.token({ claims: { sub: 'sexton', roles: ['admin'] } });
    const made = await request(gateway.url)
      .post('/v1/api-keys')
      .set('Authorization', `Bearer ${token}`)
      .send({ name: 'made with a token', role: 'auditor' })
      .expect(201);
    expect(made.body).toMatchObject({ createdBy: 'oidc:sexton' });
    const events = await gateway.api().get('/v1/audit/events?actor=oidc:sexton').expect(200);
    expect((events.body as { items: unknown[] }).items).toMatchObject([
      { action: 'api_key.created', actor: { id: 'oidc:sexton', name: 'Ana' } },
    ]);
  });

  it('may be for several audiences, and be signed in any allowed way', async () => {
    const keys = [
      await makeSigningKey('RS256'),
      await makeSigningKey('ES256'),
      await makeSigningKey('EdDSA'),
    ];
    const others = await startIssuer();
    others.publish(...keys);
    const second = await startTestGateway({ registries: [], oidc: others.options() });
    for (const key of keys) {
      const token = await others.token({ key, claims: { aud: ['another', AUDIENCE] } });
      await request(second.url).get('/v1/deletions').set('Authorization', `Bearer ${token}`).expect(200);
    }
    await second.stop();
    await others.stop();
  });

  it('is only a Bearer token: neither a password, nor in a query', async () => {
    const token = await issuer.token();
    await request(gateway.url).get('/v1/deletions').auth('ana', token).expect(401);
    await request(gateway.url).get('/v1/deletions').query({ access_token: token }).expect(401);
  });

  it('may be a little early or late, and not more', async () => {
    await withToken(await issuer.token({ claims: { exp: nowSeconds() - 20 } })).expect(200);
    await withToken(await issuer.token({ claims: { nbf: nowSeconds() + 20 } })).expect(200);
    const expired = await withToken(await issuer.token({ claims: { exp: nowSeconds() - 40 } })).expect(401);
    expect(expired.body).toMatchObject({ code: 'token_expired' });
    const early = await withToken(await issuer.token({ claims: { nbf: nowSeconds() + 40 } })).expect(401);
    expect((early.body as { detail: string }).detail).toContain('claim nbf');
  });
});

describe('what is no token of the issuer', () => {
  it.each<[string, () => Promise<string>]>([
    [
      'forged: other contents under its signature',
      async () => forge(await issuer.token(), { roles: ['admin'] }),
    ],
    [
      'forged: signed by a key of somebody else under a known name',
      async () => issuer.token({ key: stranger, header: { kid: 'key-1' } }),
    ],
    ['signed by an unknown key', async () => issuer.token({ key: stranger })],
    ['for another audience', async () => issuer.token({ claims: { aud: 'another' } })],
    ['for nobody', async () => issuer.token({ claims: { aud: undefined } })],
    ['of another issuer', async () => issuer.token({ claims: { iss: 'https://evil.example' } })],
    ['of nobody', async () => issuer.token({ claims: { iss: undefined } })],
    ['without an end', async () => issuer.token({ claims: { exp: undefined } })],
    ['without a subject', async () => issuer.token({ claims: { sub: undefined } })],
    ['with an empty subject', async () => issuer.token({ claims: { sub: '' } })],
    [
      'with a subject that breaks a line',
      async () => issuer.token({ claims: { sub: 'a\r\nX-Role: admin' } }),
    ],
    ['with a subject that reads backwards', async () => issuer.token({ claims: { sub: 'a\u202enimda' } })],
    [
      'unsigned',
      async () =>
        new UnsecuredJWT({ sub: 'ana', roles: ['admin'] })
          .setIssuer(issuer.issuer)
          .setAudience(AUDIENCE)
          .setExpirationTime('5m')
          .encode(),
    ],
    ['signed with the public key (HS/RS confusion)', async () => confused(await issuer.token())],
    [
      'with an extension that must be understood',
      async () => `${part({ alg: 'RS256', kid: 'key-1', crit: ['x'], x: 1 })}.${part({ sub: 'ana' })}.AAAA`,
    ],
    ['no JSON', async () => 'abc.def.ghi'],
    ['an empty signature', async () => (await issuer.token()).replace(/[^.]+$/, '')],
    [
      'with keys of its own in its header',
      async () =>
        issuer.token({
          key: stranger,
          header: { kid: 'mine', jwk: stranger.publicJwk, jku: 'http://127.0.0.1:1/' },
        }),
    ],
  ])('%s, is refused', async (_what, make) => {
    const token = await make();
    const answer = await withToken(token).expect(401);
    expect(answer.body).toMatchObject({ code: 'unauthenticated' });
    expect(answer.headers['www-authenticate']).toContain('Bearer realm="sexton"');
    expect(answer.text).not.toContain(token);
  });

  it('of 10 KB is refused without a look at it, also when it is genuine', async () => {
    const asked = issuer.requests.length;
    const token = await issuer.token({ key: stranger, claims: { more: 'x'.repeat(10_000) } });
    await withToken(token).expect(401);
    const genuine = await issuer.token({ claims: { more: 'x'.repeat(10_000) } });
    const answer = await withToken(genuine).expect(401);
    expect((answer.body as { detail: string }).detail).toMatch(/^No valid credential/);
    expect(issuer.requests.length).toBe(asked);
  });

  it('but a header that goes on in another line is refused as well', async () => {
    const raw = await sendRaw(
      `GET /v1/deletions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\n\tb: ${'c'.repeat(10)}\r\nConnection: close\r\n\r\n`,
    );
    expect(raw).toMatch(/^HTTP\/1\.1 4\d\d /);
    const twice = await sendRaw(
      `GET /v1/deletions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer ${gateway.adminKey}\r\nConnection: close\r\n\r\n`,
    );
    expect(twice).toMatch(/^HTTP\/1\.1 4\d\d /);
    for (const value of ['Bearer a.b.c\u0000', 'Bearer a.b.c, Bearer d.e.f', 'Bearer  ', 'Bearer a b.c.d']) {
      const answer = await sendRaw(
        `GET /v1/deletions HTTP/1.1\r\nHost: x\r\nAuthorization: ${value}\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 40[01] /);
    }
  });

  it('that names no role of Sexton is known, and may do nothing', async () => {
    for (const roles of [undefined, [], ['root'], 'ADMIN', 7, { admin: true }, ['requester', 'approver']]) {
      const answer = await withToken(await issuer.token({ claims: { roles } })).expect(403);
      expect(answer.body).toMatchObject({ code: 'forbidden' });
    }
  });

  it('leaves a failed log-in in the audit log', async () => {
    const events = await gateway.api().get('/v1/audit/events?action=login.failed').expect(200);
    expect((events.body as { items: unknown[] }).items[0]).toMatchObject({
      outcome: 'refused',
      actor: { id: 'anonymous', address: '127.0.0.1' },
      details: { path: '/v1/deletions' },
    });
  });
});

describe('while the issuer is down', () => {
  it('a token is neither believed nor refused, and says so; keys work as ever', async () => {
    const token = await issuer.token();
    issuer.setDown(true);
    const second = await startTestGateway({ registries: [], oidc: issuer.options() });
    const answer = await request(second.url)
      .get('/v1/deletions')
      .set('Authorization', `Bearer ${token}`)
      .expect(503);
    expect(answer.body).toMatchObject({ code: 'issuer_unavailable' });
    expect(answer.headers['retry-after']).toBe('30');
    await request(second.url).get('/v2/').set('Authorization', `Bearer ${token}`).expect(503);
    const events = await second.api().get('/v1/audit/events?action=login.failed').expect(200);
    expect((events.body as { items: unknown[] }).items).toEqual([]);
    await second.stop();
  });
});

const sendRaw = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(gateway.url);
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
