/** Codes of the OCI distribution spec ("Error Codes"), as clients of a registry know them. */
export type FrontCode =
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'TAG_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNAUTHORIZED'
  | 'UNAVAILABLE'
  | 'UNKNOWN'
  | 'UNSUPPORTED';

/** An error that leaves as a registry's error envelope. */
export class FrontError extends Error {
  constructor(
    readonly status: number,
    readonly code: FrontCode,
    message: string,
    readonly detail: Readonly<Record<string, unknown>> | null = null,
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }
}
