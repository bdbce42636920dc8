import { randomUUID, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importPKCS8, SignJWT } from 'jose';
import { makeCertificate } from './certificate.js';
import { grantedAccess, type TokenUser } from './token-scope.js';

export interface TokenServerOptions {
  /** By user name. Whoever sends no credentials is anonymous and is granted nothing. */
  readonly users: Readonly<Record<string, TokenUser>>;
  readonly service?: string;
  readonly issuer?: string;
  readonly expiresInSeconds?: number;
  /** Port to listen on; a free one by default. */
  readonly port?: number;
}

/** One request for a token, as it came. */
export interface TokenRequest {
  readonly method: string;
  /** User name of the Basic credentials; null without any. */
  readonly username: string | null;
  readonly service: string | null;
  readonly scopes: readonly string[];
  readonly status: number;
}

export interface TokenServer {
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** PEM file for the registry's `auth.token.rootcertbundle`. */
  readonly rootCertBundle: string;
  readonly requests: readonly TokenRequest[];
  /** Gives a user other rights from the next token on. */
  allow(username: string, access: TokenUser['access']): void;
  stop(): Promise<void>;
}

/** A real token server as https://distribution.github.io/distribution/spec/auth/token/ describes it, on loopback. */
export const startTokenServer = async (options: TokenServerOptions): Promise<TokenServer> => {
  const { service = 'a test registry', issuer = 'a test issuer', expiresInSeconds = 300 } = options;
  const users = new Map(Object.entries(options.users));
  const home = await mkdtemp(join(tmpdir(), 'token-server-'));
  const sign = await signer(home, { service, issuer, expiresInSeconds });
  const requests: TokenRequest[] = [];

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://token-server');
    const credentials = basicCredentials(request.headers.authorization);
    const user = credentials ? users.get(credentials.username) : undefined;
    const asked = url.searchParams.getAll('scope').flatMap((scope) => scope.split(' '));
    const answer = (status: number, body: unknown): void => {
      const username = credentials?.username ?? null;
      const method = request.method ?? '';
      requests.push({ method, username, service: url.searchParams.get('service'), scopes: asked, status });
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    // No OAuth2 here: a 404 tells a client that tried POST to fall back to GET (spec/auth/oauth.md).
    if (request.method !== 'GET' || url.pathname !== '/token') return answer(404, { details: 'GET /token' });
    if (credentials && user?.password !== credentials.password) {
      return answer(401, { details: 'incorrect username or password' });
    }
    // Fewer rights than asked for are no error: the intersection is granted silently.
    const token = await sign(credentials?.username ?? '', grantedAccess(asked, user?.access ?? {}));
    answer(200, { token, expires_in: expiresInSeconds, issued_at: new Date().toISOString() });
  };

  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((done) => server.listen(options.port ?? 0, '127.0.0.1', done));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the token server has no address');
  return {
    realm: `http://127.0.0.1:${address.port}/token`,
    service,
    issuer,
    rootCertBundle: join(home, 'issuer.crt'),
    requests,
    allow: (username, access) => {
      const user = users.get(username);
      if (!user) throw new Error(`the token server does not know ${username}`);
      users.set(username, { ...user, access });
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await rm(home, { recursive: true, force: true });
    },
  };
};

/**
 * Signs with a key of its own, whose certificate stands in the token's `x5c`: registries 2.x and 3.x then check it
 * against their bundle, whereas the form of `kid` differs between them (libtrust's in 2.x, RFC 7638's in 3.x).
 */
const signer = async (
  home: string,
  claims: { readonly service: string; readonly issuer: string; readonly expiresInSeconds: number },
) => {
  const { cert, key } = await makeCertificate(claims.issuer);
  await writeFile(join(home, 'issuer.crt'), cert);
  const privateKey = await importPKCS8(key, 'ES256');
  const x5c = [new X509Certificate(cert).raw.toString('base64')];
  return (subject: string, access: ReturnType<typeof grantedAccess>): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ access })
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', x5c })
      .setIssuer(claims.issuer)
      .setSubject(subject)
      .setAudience(claims.service)
      .setIssuedAt(now)
      .setNotBefore(now - 5)
      .setExpirationTime(now + claims.expiresInSeconds)
      .setJti(randomUUID())
      .sign(privateKey);
  };
};

const basicCredentials = (header: string | undefined): { username: string; password: string } | null => {
  const [, encoded] = /^Basic (.+)$/i.exec(header ?? '') ?? [];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? null : { username: text.slice(0, colon), password: text.slice(colon + 1) };
};
