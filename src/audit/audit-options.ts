import type { SigningKey, VerifyingKey } from './signing-key.js';

/** A collector that speaks syslog over TLS. */
export interface SyslogOptions {
  readonly type: 'syslog';
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** PEM of the authorities to trust; null: the system's. */
  readonly ca: string | null;
  /** PEM of a certificate of our own, where the collector asks for one. */
  readonly client: { readonly cert: string; readonly key: string } | null;
  /** What its certificate must name; null: `host`. */
  readonly serverName: string | null;
  readonly maxMessageBytes: number;
}

/** Where the log is forwarded to; `name` names the cursor. */
export type ForwardOptions =
  SyslogOptions | { readonly type: 'file'; readonly name: string; readonly path: string };

/** What the configuration says about the audit log, with the files that it names. */
export interface AuditOptions {
  /** Null: no checkpoints are made. */
  readonly signingKey: SigningKey | null;
  /** Keys of earlier checkpoints, which this process no longer signs with. */
  readonly formerKeys: readonly VerifyingKey[];
  readonly checkpointEvents: number;
  readonly checkpointMs: number;
  readonly forward: readonly ForwardOptions[];
}

/** Nest token of `AuditOptions`. */
export const AUDIT_OPTIONS = Symbol('AUDIT_OPTIONS');

/** Every key whose checkpoints hold here. */
export const trustedKeys = ({ signingKey, formerKeys }: AuditOptions): readonly VerifyingKey[] =>
  signingKey ? [signingKey, ...formerKeys] : formerKeys;

/** An audit log without checkpoints, which stays where it is. */
export const UNSIGNED: AuditOptions = {
  signingKey: null,
  formerKeys: [],
  checkpointEvents: 1_000,
  checkpointMs: 600_000,
  forward: [],
};
