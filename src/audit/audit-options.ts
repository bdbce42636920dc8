import type { SigningKey, VerifyingKey } from './signing-key.js';

/** What the configuration says about the audit log, with the files that it names. */
export interface AuditOptions {
  /** Null: no checkpoints are made. */
  readonly signingKey: SigningKey | null;
  /** Keys of earlier checkpoints, which this process no longer signs with. */
  readonly formerKeys: readonly VerifyingKey[];
  readonly checkpointEvents: number;
  readonly checkpointMs: number;
}

/** Nest token of `AuditOptions`. */
export const AUDIT_OPTIONS = Symbol('AUDIT_OPTIONS');

/** Every key whose checkpoints hold here. */
export const trustedKeys = ({ signingKey, formerKeys }: AuditOptions): readonly VerifyingKey[] =>
  signingKey ? [signingKey, ...formerKeys] : formerKeys;

/** An audit log without checkpoints. */
export const UNSIGNED: AuditOptions = {
  signingKey: null,
  formerKeys: [],
  checkpointEvents: 1_000,
  checkpointMs: 600_000,
};
