import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { NextFunction, Request, Response } from 'express';
import passport from 'passport';
import { SextonError } from '../errors/sexton-error.js';
import type { Caller } from './caller.js';
import { ApiKeyStrategy } from './api-key.strategy.js';
import { PERMISSION, PUBLIC, REGISTRY_TOKENS, rememberCaller } from './decorators.js';
import { OidcStrategy } from './oidc/oidc.strategy.js';
import { setRateLimitHeaders } from './rate-limit/rate-limit-headers.js';
import { RateLimits, type Allowance } from './rate-limit/rate-limits.js';
import { RegistryTokenStrategy } from './registry-tokens/registry-token.strategy.js';
import { roleMay, type Permission } from './permissions.js';

/** Nest token of what is told about failed log-ins. */
export const FAILED_LOGIN = Symbol('FAILED_LOGIN');

export type FailedLogin = (attempt: {
  readonly code: string;
  readonly address: string | null;
  readonly path: string;
}) => void;

/** The one guard: who is it (passport), and may that role do this (the table). Closed by default. */
@Injectable()
export class PermissionGuard implements CanActivate {
  /** Not the passport of the module, which is one a process: two gateways in it would check each other's keys. */
  private readonly passport = new passport.Authenticator();

  constructor(
    private readonly reflector: Reflector,
    private readonly limits: RateLimits,
    apiKeys: ApiKeyStrategy,
    registryTokens: RegistryTokenStrategy,
    oidc: OidcStrategy,
    @Inject(FAILED_LOGIN) private readonly failedLogin: FailedLogin,
  ) {
    this.passport.use('api-key', apiKeys);
    this.passport.use('registry-token', registryTokens);
    this.passport.use('oidc', oidc);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const handler = context.getHandler();
    const permission = this.reflector.get<Permission | undefined>(PERMISSION, handler);
    // What a route needs goes before what its controller opens.
    const where = permission === undefined ? [handler, context.getClass()] : [handler];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, where)) return true;
    if (!permission) throw new SextonError('forbidden', { detail: 'This route is open to nobody' });
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const caller = await this.authenticate(this.strategiesFor(context), request, response);
    mustNotExceed(await this.limits.request(caller.id), response);
    if (!roleMay(caller.role, permission)) {
      throw new SextonError('forbidden', {
        detail: `The role ${caller.role} has no permission ${permission}`,
      });
    }
    rememberCaller(request, caller);
    return true;
  }

  private strategiesFor(context: ExecutionContext): string[] {
    const takesRegistryTokens = this.reflector.get<boolean | undefined>(REGISTRY_TOKENS, context.getClass());
    return takesRegistryTokens ? ['api-key', 'registry-token', 'oidc'] : ['api-key', 'oidc'];
  }

  private async authenticate(strategies: string[], request: Request, response: Response): Promise<Caller> {
    try {
      return await new Promise<Caller>((resolve, reject) => {
        const answer = (error: unknown, caller?: Caller | false | null): void => {
          if (error) reject(error instanceof Error ? error : new SextonError('unauthenticated'));
          else if (caller) resolve(caller);
          else reject(new SextonError('unauthenticated'));
        };
        const next: NextFunction = (error?: unknown) => answer(error ?? new SextonError('unauthenticated'));
        const middleware = this.passport.authenticate(strategies, { session: false }, answer) as (
          ...args: [Request, Response, NextFunction]
        ) => void;
        middleware(request, response, next);
      });
    } catch (error) {
      // 403: a token of the issuer that names no role. What Sexton could not check is no failed log-in, and neither is
      // a client of a registry that first asks, without a credential, what to bring.
      const isTried = request.headers.authorization !== undefined;
      if (isTried && error instanceof SextonError && error.status < 500) {
        this.failedLogin({ code: error.code, address: request.ip ?? null, path: request.path });
        // A valid credential is never refused here: whoever shares an address with a broken script goes on working.
        mustNotExceed(await this.limits.failedLogin(request.ip ?? null), response);
      }
      throw error;
    }
  }
}

const mustNotExceed = (allowance: Allowance, response: Response): void => {
  setRateLimitHeaders(response, allowance);
  if (!allowance.isExceeded) return;
  const { quota, windowSeconds, resetMs } = allowance;
  const what = allowance.policy === 'caller' ? 'requests of one caller' : 'failed log-ins from one address';
  throw new SextonError('rate_limited', {
    detail: `More than ${quota} ${what} in ${windowSeconds} seconds`,
    retryAfterMs: resetMs,
  });
};
