import { sign, verify } from 'node:crypto';
import type { JsonObject } from './audit-event.js';
import { canonicalJson } from './canonical-event.js';
import { cutOff, faultAgainst, type ChainFault, type ChainHead, type Seal, type Witness } from './chain.js';
import type { SigningKey, VerifyingKey } from './signing-key.js';

/** A head of the chain, signed. Numbers run 1, 2, 3 … without a gap, and sequences rise with them. */
export interface Checkpoint extends ChainHead {
  readonly number: number;
  /** UTC with three decimals. */
  readonly at: string;
  readonly keyId: string;
  /** Ed25519 over `signedText`, base64url. */
  readonly signature: string;
}

/**
 * What a signature of Sexton's audit covers: the RFC 8785 text of the object without `signature`, with a `type` that
 * makes it nothing else. To check a checkpoint elsewhere: `{ "type": "checkpoint", "number", "sequence", "hash", "at",
 * "keyId" }`.
 */
export const signedText = (type: 'checkpoint' | 'end', fields: JsonObject): Buffer =>
  Buffer.from(canonicalJson({ ...fields, type }), 'utf8');

export const signText = (key: SigningKey, text: Buffer): string =>
  sign(null, text, key.privateKey).toString('base64url');

/** Whether `signature` is one of `key` over `text`. */
export const isSignedBy = (key: VerifyingKey, text: Buffer, signature: string): boolean =>
  verify(null, text, key.publicKey, Buffer.from(signature, 'base64url'));

export const makeCheckpoint = (
  key: SigningKey,
  { number, sequence, hash, at }: Omit<Checkpoint, 'keyId' | 'signature'>,
): Checkpoint => {
  const fields = { number, sequence, hash, at, keyId: key.id };
  return { ...fields, signature: signText(key, signedText('checkpoint', fields)) };
};

/** What is wrong with `checkpoint` as the one after `before`, its hash aside; null when nothing is. */
export const faultOfCheckpoint = (
  before: Checkpoint | null,
  checkpoint: Checkpoint,
  keys: readonly VerifyingKey[],
): ChainFault | null => {
  const { number, sequence } = checkpoint;
  const fault = (kind: ChainFault['kind'], message: string): ChainFault => ({
    sequence,
    eventId: null,
    kind,
    message,
  });
  const expected = (before?.number ?? 0) + 1;
  if (number !== expected) {
    return fault(
      'checkpoint_missing',
      `Checkpoint ${expected} is gone; ${number}, of sequence ${sequence}, follows.`,
    );
  }
  if (before && sequence <= before.sequence) {
    return fault(
      'checkpoint_forged',
      `Checkpoint ${number} is of sequence ${sequence}, not after the one before it.`,
    );
  }
  return forgedFault(checkpoint, keys);
};

/** A signature that does not hold, or that no known key made. */
export const forgedFault = (checkpoint: Checkpoint, keys: readonly VerifyingKey[]): ChainFault | null => {
  const { signature, ...fields } = checkpoint;
  const key = keys.find(({ id }) => id === checkpoint.keyId);
  if (key && isSignedBy(key, signedText('checkpoint', fields), signature)) return null;
  const { number, sequence, keyId } = checkpoint;
  const message = key
    ? `The signature of checkpoint ${number}, of sequence ${sequence}, does not hold.`
    : `Checkpoint ${number}, of sequence ${sequence}, is signed by the key ${keyId}, which is not known here.`;
  return { sequence, eventId: null, kind: 'checkpoint_forged', message };
};

export const seenAs = ({ number }: Checkpoint): string => `signed by checkpoint ${number}`;

/** Holds the chain against its checkpoints, which come in the order of their numbers; reads each once. */
export class SignedHeads implements Witness {
  private readonly source: AsyncIterator<Checkpoint>;
  private next: Checkpoint | null = null;
  private started = false;
  /** The last one that holds. */
  last: Checkpoint | null = null;

  constructor(
    checkpoints: AsyncIterable<Checkpoint>,
    private readonly keys: readonly VerifyingKey[],
  ) {
    this.source = checkpoints[Symbol.asyncIterator]();
  }

  async at(seal: Seal): Promise<ChainFault | null> {
    const next = await this.peek();
    if (next === null || next.sequence > seal.sequence) return null;
    const fault =
      faultOfCheckpoint(this.last, next, this.keys) ??
      (next.sequence === seal.sequence ? faultAgainst(next, seal, seenAs(next)) : null);
    if (!fault) await this.advance();
    return fault;
  }

  async end(head: ChainHead): Promise<ChainFault | null> {
    const next = await this.peek();
    if (next === null) return null;
    return faultOfCheckpoint(this.last, next, this.keys) ?? cutOff(head, next, seenAs(next));
  }

  private async peek(): Promise<Checkpoint | null> {
    if (!this.started) await this.read();
    this.started = true;
    return this.next;
  }

  private async advance(): Promise<void> {
    this.last = this.next;
    await this.read();
  }

  private async read(): Promise<void> {
    const result = await this.source.next();
    this.next = result.done ? null : result.value;
  }
}
