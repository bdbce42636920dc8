import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { PageFiles } from './page-files.js';

/** What the page needs to log in at an issuer, as a public client. */
export interface PageLogin {
  readonly issuer: string;
  readonly clientId: string;
}

const ASSETS = '/web/';
/** A year; the name of a file holds a hash of what is in it. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/**
 * Of this origin alone, no inline script and no inline style, nothing that makes script of text; of the issuer only
 * where one is configured. It answers in place of helmet's policy, on the page's own paths and nowhere else.
 */
export const pagePolicy = (login: PageLogin | null): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self'${login === null ? '' : ` ${new URL(login.issuer).origin}`}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join(';');

/** Answers `GET /` and the files of the page below `/web/`; everything else goes on to the API. */
export const reviewPage = ({ document, assets }: PageFiles, login: PageLogin | null): RequestHandler => {
  const policy = pagePolicy(login);
  const html = filledIn(document, login);
  return (request: Request, response: Response, next: NextFunction): void => {
    const { path, method } = request;
    const asset = path.startsWith(ASSETS) ? assets.get(path.slice(ASSETS.length)) : undefined;
    if ((method !== 'GET' && method !== 'HEAD') || (path !== '/' && !asset)) {
      next();
      return;
    }
    response.setHeader('Content-Security-Policy', policy);
    // `send` makes the ETag, and answers 304 to who has it.
    if (asset) response.setHeader('Cache-Control', FOR_EVER).type(asset.type).send(asset.bytes);
    else response.setHeader('Cache-Control', 'no-cache').type('html').send(html);
  };
};

const filledIn = (document: string, login: PageLogin | null): string =>
  document
    .replace('name="sexton-issuer" content=""', () => meta('sexton-issuer', login?.issuer))
    .replace('name="sexton-client-id" content=""', () => meta('sexton-client-id', login?.clientId));

const meta = (name: string, content = ''): string => `name="${name}" content="${escaped(content)}"`;

const escaped = (text: string): string =>
  text.replace(/[&"<>]/g, (character) => `&#${character.charCodeAt(0)};`);
