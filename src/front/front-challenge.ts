import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { REGISTRY_SERVICE } from '../identity/registry-tokens/registry-tokens.js';
import { readV2Path, type FrontRequest } from './front-path.js';

/** Nest token of the scheme and host that clients use; null: as the request says. */
export const PUBLIC_URL = Symbol('PUBLIC_URL');

const BASIC = 'Basic realm="sexton"';
/** What may stand in a quoted string, and be a host. */
const HOST = /^(?:[a-z0-9.-]{1,255}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** What a client without credentials is told to bring. */
@Injectable()
export class FrontChallenge {
  constructor(@Inject(PUBLIC_URL) private readonly publicUrl: string | null) {}

  /**
   * `WWW-Authenticate`, one value a header line. Basic goes first: clients that take the first challenge (skopeo,
   * crane) then need nothing else, and a wrong guess of our own address costs nobody anything. Bearer follows for those
   * who log in with tokens.
   */
  of(request: Request): string[] {
    const realm = request.path.startsWith('/v2/token') ? null : this.realm(request);
    if (realm === null) return [BASIC];
    const scope = scopeOf(request);
    const bearer = `Bearer realm="${realm}",service="${REGISTRY_SERVICE}"`;
    return [BASIC, scope === null ? bearer : `${bearer},scope="${scope}"`];
  }

  /**
   * `X-Forwarded-Proto` is believed of everybody, in one direction: it can only make the client that sent it, or came
   * through the proxy that did, keep its key to TLS.
   */
  private realm(request: Request): string | null {
    if (this.publicUrl !== null) return `${this.publicUrl}/v2/token`;
    const host = request.headers.host ?? '';
    if (!HOST.test(host)) return null;
    const isSecure = request.secure || /^https\b/i.test(request.get('x-forwarded-proto') ?? '');
    return `${isSecure ? 'https' : 'http'}://${host}/v2/token`;
  }
}

/** The scope that the request needs (distribution, "Token Scope Documentation"); names are checked by the path's grammar. */
const scopeOf = (request: Request): string | null => {
  const asked = readOrNull(request.path);
  if (asked === null || asked.kind === 'ping') return null;
  if (asked.kind === 'catalog') return 'registry:catalog:*';
  return `repository:${asked.name}:${request.method === 'DELETE' ? 'delete' : 'pull'}`;
};

const readOrNull = (path: string): FrontRequest | null => {
  try {
    return readV2Path(path);
  } catch {
    return null;
  }
};
