import type { NextFunction, Request, Response } from 'express';

/** What the documentation page needs to log in at an issuer. */
export interface DocsLogin {
  readonly issuer: string;
  readonly clientId: string;
}

export const DOCS_PATH = '/docs';

/** Options of Swagger UI: authorization code with PKCE, as a public client. */
export const swaggerLogin = ({ clientId }: DocsLogin) => ({
  initOAuth: {
    clientId,
    appName: 'Sexton',
    scopes: ['openid'],
    usePkceWithAuthorizationCodeGrant: true,
  },
});

/**
 * Lets the documentation page, and nothing else, talk to the issuer and get an answer from the window that it opens
 * there. The page is at `/docs/` then: it makes the address to come back to from its own.
 */
export const openDocsTo = ({ issuer }: DocsLogin) => {
  const connect = `connect-src 'self' ${new URL(issuer).origin}`;
  return (request: Request, response: Response, next: NextFunction): void => {
    const [path] = request.originalUrl.split('?');
    if (path === DOCS_PATH) {
      response.redirect(`${DOCS_PATH}/`);
      return;
    }
    const policy = response.getHeader('Content-Security-Policy');
    response.setHeader('Content-Security-Policy', `${String(policy)};${connect}`);
    // The window comes from the issuer, whose pages have no such policy; with one of its own it would lose its opener.
    const isWindow = path?.endsWith('/oauth2-redirect.html') ?? false;
    response.setHeader('Cross-Origin-Opener-Policy', isWindow ? 'unsafe-none' : 'same-origin-allow-popups');
    next();
  };
};
