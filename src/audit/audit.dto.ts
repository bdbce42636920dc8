import { z } from 'zod';
import { auditFiltersSchema } from './audit-filters.dto.js';
import { FAULT_KINDS } from './chain.js';

const HASH = 'sha256:5b2f0d3e7c1a49688f7e6d5c4b3a291807f6e5d4c3b2a190817263544536271a';
const hash = z.string().regex(/^sha256:[a-f0-9]{64}$/, 'must be sha256:<64 hex>');

/** Query of `GET /v1/audit/events`. */
export const listAuditEventsSchema = auditFiltersSchema.extend({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().max(500).optional().describe('nextCursor of the page before.'),
});

export type ListAuditEvents = z.infer<typeof listAuditEventsSchema>;

/** Query of `GET /v1/audit/export`. */
export const exportAuditSchema = auditFiltersSchema.extend({
  format: z.enum(['ndjson', 'csv']).default('ndjson'),
});

export type ExportAudit = z.infer<typeof exportAuditSchema>;

const auditEventSchema = z
  .object({
    sequence: z
      .number()
      .int()
      .nullable()
      .describe('Place in the hash chain; null until it is sealed, in a moment.'),
    hash: z.string().nullable().describe('What the chain holds for it; null until it is sealed.'),
    id: z.string(),
    at: z.iso.datetime(),
    action: z.string().describe('One of the actions that the filter knows, or a newer one.'),
    actor: z.object({
      id: z.string(),
      name: z.string(),
      address: z.string().nullable(),
    }),
    outcome: z.string().describe('accepted, succeeded, refused or failed.'),
    code: z.string().nullable(),
    registry: z.string().nullable(),
    repository: z.string().nullable(),
    reference: z.string().nullable(),
    digest: z.string().nullable(),
    bytes: z.number().int().nullable(),
    reason: z.string().nullable(),
    ticket: z.string().nullable(),
    requestId: z.string().nullable(),
    deletionId: z.string().nullable(),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({
    id: 'AuditEvent',
    description:
      'Its hash is SHA-256 over the RFC 8785 text of {sequence, previousHash, event}, where event is this object without sequence and hash.',
    example: {
      sequence: 42,
      hash: HASH,
      id: '01JD3M2QB0E6S8V2X4Z7A9C1E3',
      at: '2026-11-23T10:00:00.250Z',
      action: 'target.deleted',
      actor: { id: 'key_01JD3KX', name: 'team-a ci', address: '10.1.2.3' },
      outcome: 'succeeded',
      code: null,
      registry: 'prod',
      repository: 'team-a/app',
      reference: 'v1.0',
      digest: 'sha256:9b2a1f0c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8',
      bytes: 52428800,
      reason: 'CVE-2026-1234',
      ticket: 'OPS-17',
      requestId: '01JD3M2Q8V4T7X9Y1Z5A6B8C0D',
      deletionId: '01JD3M2Q8V4T7X9Y1Z5A6B8C0D',
      details: { tags: ['v1.0'], worker: 'sexton-2' },
    },
  });

export const auditEventListSchema = z
  .object({
    items: z.array(auditEventSchema),
    nextCursor: z
      .string()
      .nullable()
      .describe(
        'null on the last page. A page may hold fewer items than limit, or none, and still have a next.',
      ),
  })
  .meta({ id: 'AuditEventList', description: 'Newest first.' });

export type AuditEventView = z.infer<typeof auditEventSchema>;
export type AuditEventListView = z.infer<typeof auditEventListSchema>;

/** Query of `GET /v1/audit/verification`: a head that was noted earlier, or nothing. */
export const verifyAuditSchema = z
  .strictObject({
    sequence: z.coerce.number().int().min(1).optional().describe('head.sequence of an earlier verification.'),
    hash: hash.optional().describe('head.hash of the same verification.'),
  })
  .refine((query) => (query.sequence === undefined) === (query.hash === undefined), {
    error: 'sequence and hash belong together',
    path: ['hash'],
  });

export type VerifyAudit = z.infer<typeof verifyAuditSchema>;

const checkpointSchema = z
  .object({
    number: z.number().int(),
    sequence: z.number().int(),
    hash: z.string(),
    at: z.iso.datetime(),
    keyId: z.string(),
    signature: z.string(),
  })
  .meta({
    id: 'AuditCheckpoint',
    description:
      'A signed head of the chain. The signature is Ed25519 over the RFC 8785 text of {type: "checkpoint", number, sequence, hash, at, keyId}, base64url.',
  });

const CHECKPOINT = {
  number: 12,
  sequence: 1041,
  hash: HASH,
  at: '2026-11-23T10:05:00.000Z',
  keyId: 'Y2xRzXo3s0m1mH5mR2uVwqJv6z8b0n4f1k7d9c3a5e0',
  signature: 'b1Q…',
};

/** Answer of `GET /v1/audit/keys`. */
export const auditKeysSchema = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        alg: z.literal('EdDSA'),
        use: z.literal('sig'),
        kid: z.string().describe('RFC 7638 thumbprint; the keyId of a checkpoint.'),
        x: z.string(),
        pem: z.string().describe('The same key, as `sexton audit verify --public-key` takes it.'),
        current: z.boolean().describe('New checkpoints are signed with it.'),
      }),
    ),
  })
  .meta({ id: 'AuditKeys', description: 'A JWK set (RFC 8037).' });

export type AuditKeysView = z.infer<typeof auditKeysSchema>;

export const verificationSchema = z
  .object({
    status: z.enum(['whole', 'broken']),
    events: z.number().int(),
    sealed: z.number().int(),
    unsealed: z.number().int().describe('Recorded, and not in the chain yet.'),
    head: z
      .object({ sequence: z.number().int(), hash: z.string() })
      .describe(
        'The last record up to which the chain holds. Note it outside Sexton, and give it to a later verification.',
      ),
    checkpoint: checkpointSchema.nullable().describe('The last one that the chain agrees with.'),
    fault: z
      .object({
        sequence: z.number().int().nullable().describe('null for an event that never entered the chain.'),
        eventId: z.string().nullable(),
        kind: z.enum(FAULT_KINDS),
        message: z.string(),
      })
      .nullable()
      .describe('The first fault.'),
  })
  .meta({
    id: 'AuditVerification',
    example: {
      status: 'whole',
      events: 1042,
      sealed: 1041,
      unsealed: 1,
      head: { sequence: 1041, hash: HASH },
      checkpoint: CHECKPOINT,
      fault: null,
    },
  });

export type VerificationView = z.infer<typeof verificationSchema>;
