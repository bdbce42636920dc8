import { createServer } from 'node:http';
import {
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
  type JWTHeaderParameters,
} from 'jose';
import { BrowserLogins } from './browser-logins.js';
import type { OidcOptions } from '../../src/identity/oidc/oidc-options.js';

export const AUDIENCE = 'sexton';

/** A key pair that an issuer signs with. */
export interface SigningKey {
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK & { readonly kid: string };
}

interface Changes {
  /** A claim that is undefined is left out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Partial<JWTHeaderParameters>;
  readonly key?: SigningKey;
}

export interface TestIssuer {
  readonly issuer: string;
  /** Paths that were asked for, in order. */
  readonly requests: readonly string[];
  /** Requests that a real issuer would not have answered. */
  readonly violations: readonly string[];
  /** Keys that it publishes now; the first signs. */
  publish(...keys: readonly SigningKey[]): void;
  /** What its discovery document says in place of what it should. */
  misdescribe(changes: Readonly<Record<string, unknown>>): void;
  /** While it is down it hangs up on everybody. */
  setDown(isDown: boolean): void;
  /** A token for Sexton, valid for five minutes, with such changes. */
  token(changes?: Changes): Promise<string>;
  options(changes?: Partial<OidcOptions>): OidcOptions;
  stop(): Promise<void>;
}

let made = 0;

export const makeSigningKey = async (algorithm = 'RS256'): Promise<SigningKey> => {
  const { publicKey, privateKey } = await generateKeyPair(algorithm);
  made += 1;
  const kid = `key-${made}`;
  return {
    algorithm,
    privateKey,
    publicJwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' },
  };
};

/** An OpenID Connect issuer on loopback: discovery and keys over HTTP, tokens signed by its own keys. */
export const startIssuer = async (): Promise<TestIssuer> => {
  let keys: readonly SigningKey[] = [await makeSigningKey()];
  let misdescription: Readonly<Record<string, unknown>> = {};
  let isDown = false;
  const requests: string[] = [];
  const violations: string[] = [];
  const documents: Readonly<Record<string, () => unknown>> = {
    '/realm/.well-known/openid-configuration': () => ({
      issuer,
      jwks_uri: `${issuer}/keys`,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      grant_types_supported: ['authorization_code'],
      scopes_supported: ['openid'],
      ...misdescription,
    }),
    '/realm/keys': () => ({ keys: keys.map(({ publicJwk }) => publicJwk) }),
  };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    if (!isDown && path.startsWith('/realm/authorize?')) {
      logins.authorize(new URL(path, issuer), response);
      return;
    }
    if (!isDown && path === '/realm/token') {
      void logins.redeem(request, response);
      return;
    }
    const document = documents[path];
    if (request.method !== 'GET' || !document) violations.push(`${request.method} ${path}`);
    if (request.headers.authorization !== undefined) violations.push(`${path} with credentials`);
    if (isDown || !document) {
      request.socket.destroy();
      return;
    }
    response
      .setHeader('Access-Control-Allow-Origin', '*')
      .setHeader('Content-Type', 'application/json')
      .end(JSON.stringify(document()));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the issuer has no address');
  const issuer = `http://127.0.0.1:${address.port}/realm`;

  const token = async ({ claims, header, key = keys[0] }: Changes = {}): Promise<string> => {
    if (!key) throw new Error('the issuer has no key');
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      iss: issuer,
      aud: AUDIENCE,
      sub: 'ana',
      iat: now,
      exp: now + 300,
      preferred_username: 'Ana',
      roles: ['requester'],
      sexton_scopes: ['prod/team-a/**:delete'],
      ...claims,
    };
    return new SignJWT(payload)
      .setProtectedHeader({ alg: key.algorithm, kid: key.publicJwk.kid, typ: 'JWT', ...header })
      .sign(key.privateKey);
  };
  const logins = new BrowserLogins(() => token(), violations);

  return {
    issuer,
    requests,
    violations,
    publish: (...next) => {
      keys = next;
    },
    misdescribe: (changes) => {
      misdescription = changes;
    },
    setDown: (down) => {
      isDown = down;
      if (down) server.closeAllConnections();
    },
    token,
    options: (changes) => ({
      issuer,
      audience: [AUDIENCE],
      jwksUri: null,
      algorithms: ['RS256', 'ES256', 'EdDSA'],
      clockSkewMs: 30_000,
      roleClaim: 'roles',
      roleMap: new Map(),
      defaultRole: null,
      scopesClaim: 'sexton_scopes',
      nameClaim: 'preferred_username',
      clientId: null,
      tlsCa: null,
      ...changes,
    }),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
};
