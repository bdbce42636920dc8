import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The one public client that the test issuer knows. */
export const CLIENT_ID = 'sexton-page';

interface Granted {
  readonly challenge: string;
  readonly redirectUri: string;
}

/**
 * Log-in from a browser: authorization code with PKCE (RFC 6749 §4.1, RFC 7636), for whoever comes. What a real issuer
 * would refuse is refused, and is a violation.
 */
export class BrowserLogins {
  private readonly granted = new Map<string, Granted>();

  constructor(
    private readonly token: () => Promise<string>,
    private readonly violations: string[],
  ) {}

  /** Sends the browser back with a code, without asking for a password. */
  authorize(url: URL, response: ServerResponse): void {
    const parameter = (name: string): string => url.searchParams.get(name) ?? '';
    const faults = [
      parameter('response_type') !== 'code' && 'no response_type=code',
      parameter('client_id') !== CLIENT_ID && 'an unknown client',
      parameter('code_challenge_method') !== 'S256' && 'no PKCE with S256',
      !/^[\w-]{43}$/.test(parameter('code_challenge')) && 'no code_challenge',
      parameter('state') === '' && 'no state',
      !URL.canParse(parameter('redirect_uri')) && 'no redirect_uri',
    ].filter((fault) => fault !== false);
    if (faults.length > 0) {
      this.refuse(response, 'authorize', faults);
      return;
    }
    const code = randomBytes(16).toString('hex');
    this.granted.set(code, {
      challenge: parameter('code_challenge'),
      redirectUri: parameter('redirect_uri'),
    });
    const back = new URL(parameter('redirect_uri'));
    back.searchParams.set('code', code);
    back.searchParams.set('state', parameter('state'));
    response.writeHead(302, { Location: back.href }).end();
  }

  /** A code and its verifier for a token, once, with CORS as an issuer gives it to public clients. */
  async redeem(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', 'Content-Type, X-Requested-With');
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const form = new URLSearchParams(body);
    const code = form.get('code') ?? '';
    const granted = this.granted.get(code);
    this.granted.delete(code);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const faults = [
      form.get('grant_type') !== 'authorization_code' && 'another grant',
      form.get('client_id') !== CLIENT_ID && 'an unknown client',
      !granted && 'an unknown code',
      granted !== undefined && granted.challenge !== challenge && 'a wrong code_verifier',
      granted !== undefined && granted.redirectUri !== form.get('redirect_uri') && 'another redirect_uri',
    ].filter((fault) => fault !== false);
    if (faults.length > 0) {
      this.refuse(response, 'token', faults);
      return;
    }
    const answer = { access_token: await this.token(), token_type: 'Bearer', expires_in: 300 };
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer));
  }

  private refuse(response: ServerResponse, where: string, faults: readonly string[]): void {
    this.violations.push(...faults.map((fault) => `${where}: ${fault}`));
    response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":"invalid_request"}');
  }
}
