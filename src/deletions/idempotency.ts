import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Tx } from '../database/database.js';
import { SextonError } from '../errors/sexton-error.js';

/** `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): any visible ASCII, at most 255. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** The key in the header, null where there is none; `invalid_request` for what cannot be a key. */
export const idempotencyKeyOf = (header: string | undefined): string | null => {
  if (header === undefined) return null;
  if (KEY.test(header)) return header;
  throw new SextonError('invalid_request', {
    detail: 'Idempotency-Key must be 1 to 255 visible ASCII characters',
  });
};

/** Digest of a parsed body: the order of its fields and the defaults left out do not matter. */
export const hashRequest = (body: unknown): string =>
  createHash('sha256')
    .update(canonicalize(body) ?? '')
    .digest('hex');

/** Thrown inside the transaction to undo it: the key was there first, with the deletion it led to. */
export class AlreadyAsked extends Error {
  constructor(readonly deletionId: string) {
    super('the idempotency key was used before');
  }
}

/**
 * Binds the caller's key to the deletion, in the transaction that makes it. The primary key lets one of two requests
 * through: the other waits for its commit, then throws `AlreadyAsked`, or 422 where the body was another.
 */
export const bindIdempotencyKey = async (
  tx: Tx,
  binding: { callerId: string; key: string; requestHash: string; deletionId: string; createdAt: Date },
): Promise<void> => {
  const { callerId, key, requestHash, deletionId, createdAt } = binding;
  const bound = await tx
    .insertInto('idempotency_keys')
    .values({
      caller_id: callerId,
      key,
      request_hash: requestHash,
      deletion_id: deletionId,
      created_at: createdAt,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (bound.numInsertedOrUpdatedRows !== 0n) return;
  const first = await tx
    .selectFrom('idempotency_keys')
    .select(['request_hash', 'deletion_id'])
    .where('caller_id', '=', callerId)
    .where('key', '=', key)
    .executeTakeFirstOrThrow();
  if (first.request_hash !== requestHash) {
    throw new SextonError('idempotency_key_reused', {
      detail: `Idempotency-Key ${key} belongs to another request of yours`,
    });
  }
  throw new AlreadyAsked(first.deletion_id);
};
