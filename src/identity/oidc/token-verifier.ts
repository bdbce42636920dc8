import { errors, jwtVerify, type JWTPayload } from 'jose';
import { SextonError } from '../../errors/sexton-error.js';
import type { IssuerKeys } from './issuer-keys.js';
import type { OidcOptions } from './oidc-options.js';

type Demanded = Pick<OidcOptions, 'issuer' | 'audience' | 'algorithms' | 'clockSkewMs'>;

/**
 * The claims of a token that the issuer signed for Sexton and that is valid now. Signature first: what a token says is
 * only repeated once its issuer is known to have said it. Throws `token_expired`, `issuer_unavailable`, or
 * `unauthenticated` with why; `onFault` is told of what should not happen, such as a key of the issuer that is none.
 */
export const verifyToken = async (
  token: string,
  demanded: Demanded,
  keys: Pick<IssuerKeys, 'find'>,
  onFault: (error: unknown) => void,
): Promise<JWTPayload> => {
  try {
    const { payload } = await jwtVerify(token, keys.find, {
      issuer: demanded.issuer,
      audience: [...demanded.audience],
      algorithms: [...demanded.algorithms],
      clockTolerance: demanded.clockSkewMs / 1000,
      requiredClaims: ['sub', 'exp'],
    });
    return payload;
  } catch (error) {
    if (error instanceof SextonError) throw error;
    if (error instanceof errors.JWTExpired) throw new SextonError('token_expired');
    if (!(error instanceof errors.JOSEError)) onFault(error);
    throw new SextonError('unauthenticated', { detail: whyRefused(error) });
  }
};

const whyRefused = (error: unknown): string => {
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `The token's claim ${error.claim} is not what it must be`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return 'The token is signed with an algorithm that is not allowed';
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return 'The token is signed with a key that its issuer does not have';
  }
  return 'The token could not be verified';
};
