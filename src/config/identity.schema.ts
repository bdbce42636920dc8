import { z } from 'zod';
import { OIDC_ALGORITHMS } from '../identity/oidc/oidc-options.js';
import { ROLES } from '../identity/permissions.js';
import { httpUrl } from './config-file.parts.js';
import { durationOfAtLeast, parseDuration } from './duration.js';

const MOST_SKEW_MS = 5 * 60_000;
const claim = z.string().min(1).max(200);

/** Who may come in beside the holders of API keys. */
export const identitySchema = z
  .strictObject({
    oidc: z
      .strictObject({
        issuer: httpUrl
          .refine((text) => !/[?#]/.test(text), { error: 'must have no query and no fragment' })
          .describe('The issuer, exactly as it stands in the claim iss.'),
        audience: z
          .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
          .describe('What must be in the claim aud: one of these.'),
        jwksUri: httpUrl.optional().describe("The issuer's keys; else as its discovery document says."),
        algorithms: z
          .array(z.enum(OIDC_ALGORITHMS))
          .min(1)
          .default(['RS256', 'ES256', 'EdDSA'])
          .describe('Signatures that are accepted.'),
        clockSkew: durationOfAtLeast(0)
          .refine((text) => (parseDuration(text) ?? 0) <= MOST_SKEW_MS, { error: 'must be at most 5m' })
          .default('30s')
          .describe("How far the issuer's clock may be off."),
        roleClaim: claim
          .default('roles')
          .describe('The claim that names the role; a dotted path leads into objects.'),
        roleMap: z
          .record(z.string().min(1), z.enum(ROLES))
          .default({})
          .describe(
            'By a value of the role claim, the role; of several the first here. Empty: the claim names a role of Sexton.',
          ),
        defaultRole: z.enum(ROLES).optional().describe('The role of a token that names none.'),
        scopesClaim: claim
          .default('sexton_scopes')
          .describe('The claim that holds scopes, as a list or separated by spaces.'),
        nameClaim: claim
          .default('preferred_username')
          .describe('The claim that the audit log shows as name.'),
        clientId: z
          .string()
          .min(1)
          .optional()
          .describe('A public client at the issuer, for log-in from a browser with PKCE.'),
        caFile: z.string().min(1).optional().describe('PEM of the authorities to trust.'),
      })
      .optional()
      .describe('An OpenID Connect issuer whose tokens are accepted.'),
  })
  .prefault({});

export type IdentityEntry = z.infer<typeof identitySchema>;
