import type { AddressRules } from './target/address-rules.js';

/** What the configuration says about webhooks. */
export interface WebhookOptions {
  readonly allowed: AddressRules;
  /** Tries of one delivery before it is dead. */
  readonly attempts: number;
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  /** From connecting to the answer's status. */
  readonly timeoutMs: number;
  /** PEM of the authorities to trust; null: the system's. */
  readonly tlsCa: string | null;
}

/** What holds where sexton.yaml says nothing. */
export const DEFAULT_WEBHOOKS: WebhookOptions = {
  allowed: { names: new Set(), ranges: [] },
  attempts: 15,
  retryBaseMs: 10_000,
  retryMaxMs: 6 * 3_600_000,
  timeoutMs: 10_000,
  tlsCa: null,
};
