import * as oauth from 'oauth4webapi';

/** The company's issuer, as the server wrote it into the document; null where none is configured for browsers. */
export interface IssuerClient {
  readonly issuer: string;
  readonly clientId: string;
}

/** What is kept while the browser is at the issuer: no token, and worth nothing without the code that comes back. */
interface Kept {
  readonly verifier: string;
  readonly state: string;
  readonly hash: string;
}

const KEPT = 'sexton-sign-in';
/** Where the issuer sends the browser back to. */
const backTo = (): string => `${location.origin}/`;

const content = (name: string): string =>
  document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? '';

export const issuerOfDocument = (): IssuerClient | null => {
  const issuer = content('sexton-issuer');
  const clientId = content('sexton-client-id');
  return issuer === '' || clientId === '' ? null : { issuer, clientId };
};

/** An issuer without TLS is one on a test's loopback; whoever configured it so meant it. */
const over = (issuer: string) => ({ [oauth.allowInsecureRequests]: issuer.startsWith('http:') });

const discover = async ({ issuer }: IssuerClient): Promise<oauth.AuthorizationServer> => {
  const url = new URL(issuer);
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, over(issuer)));
};

/** Leaves the page for the issuer: authorization code with PKCE (RFC 7636). */
export const leaveForIssuer = async (client: IssuerClient): Promise<void> => {
  const server = await discover(client);
  if (server.authorization_endpoint === undefined) throw new Error('The issuer names no page to sign in at.');
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const kept: Kept = { verifier, state, hash: location.hash };
  sessionStorage.setItem(KEPT, JSON.stringify(kept));
  const url = new URL(server.authorization_endpoint);
  url.searchParams.set('response_type', 'code');
  url.searchParams.set('client_id', client.clientId);
  url.searchParams.set('redirect_uri', backTo());
  url.searchParams.set('scope', 'openid');
  url.searchParams.set('state', state);
  url.searchParams.set('code_challenge', await oauth.calculatePKCECodeChallenge(verifier));
  url.searchParams.set('code_challenge_method', 'S256');
  location.assign(url);
};

/**
 * The token for the code in the address bar, once; null where none is there. The code leaves the address bar whatever
 * comes of it, and the place where one was before leaving is there again.
 */
export const tokenOfReturn = async (client: IssuerClient): Promise<string | null> => {
  const returned = new URL(location.href);
  const { searchParams } = returned;
  if (!searchParams.has('state')) return null;
  const kept = takeKept();
  history.replaceState(null, '', `/${kept?.hash ?? ''}`);
  if (kept === null) throw new Error('This sign-in was not begun in this window. Begin it again here.');
  const server = await discover(client);
  const known = { client_id: client.clientId };
  const code = oauth.validateAuthResponse(server, known, returned, kept.state);
  const answer = await oauth.authorizationCodeGrantRequest(
    server,
    known,
    oauth.None(),
    code,
    backTo(),
    kept.verifier,
    over(client.issuer),
  );
  const { access_token } = await oauth.processAuthorizationCodeResponse(server, known, answer);
  return access_token;
};

const takeKept = (): Kept | null => {
  const text = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  // Written above, and by nothing else.
  return text === null ? null : (JSON.parse(text) as Kept);
};
