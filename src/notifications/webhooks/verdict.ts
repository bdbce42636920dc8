import { nextAttemptAt } from '../../execution/backoff.js';
import type { WebhookOptions } from '../webhook-options.js';
import type { Answer, SendFault } from './sender.js';

/** A receiver may ask for patience, but not for ever. */
const LONGEST_ASKED_MS = 24 * 3_600_000;

/** Why an attempt did not deliver; one more than the faults of sending, each with a sentence for people. */
export const ATTEMPT_FAULTS = {
  address_not_allowed:
    'The URL leads to an address that is not public; notifications.webhooks.allow in sexton.yaml can allow it.',
  name_not_found: 'The host name of the URL could not be resolved.',
  tls_error:
    "The receiver's certificate is not trusted; notifications.webhooks.tls.caFile names authorities.",
  timeout: 'The receiver did not answer in time.',
  not_http: 'What the receiver sent is not HTTP.',
  no_connection: 'The receiver could not be reached, or broke the connection off.',
  event_missing: 'The audit event that it is about is no longer there; verify the audit log.',
  redirect: 'The receiver answered with a redirect, which is never followed; give the final URL.',
  gone: 'The receiver answered 410: the webhook was disabled.',
  status: 'The receiver did not answer with a status from 200 to 299.',
} as const satisfies Readonly<Record<SendFault | 'redirect' | 'gone' | 'status', string>>;

export type AttemptFault = keyof typeof ATTEMPT_FAULTS;

export const isAttemptFault = (text: string): text is AttemptFault => text in ATTEMPT_FAULTS;

/** What becomes of a delivery after an attempt. */
export type Verdict =
  | { readonly to: 'delivered' }
  | { readonly to: 'again'; readonly at: Date; readonly fault: AttemptFault }
  | { readonly to: 'dead'; readonly fault: AttemptFault }
  /** Dead, and the webhook with it. */
  | { readonly to: 'gone'; readonly fault: AttemptFault };

/** `attempts` counts those before this one; `random` is in [0, 1). */
export const verdictOn = (
  answer: Answer,
  attempts: number,
  now: Date,
  limits: Pick<WebhookOptions, 'attempts' | 'retryBaseMs' | 'retryMaxMs'>,
  random: number,
): Verdict => {
  if (answer.answered && answer.status >= 200 && answer.status < 300) return { to: 'delivered' };
  const fault = faultOf(answer);
  if (fault === 'gone') return { to: 'gone', fault };
  if (fault === 'event_missing' || attempts + 1 >= limits.attempts) return { to: 'dead', fault };
  const askedMs = answer.answered ? answer.retryAfterMs : null;
  const boundedMs = askedMs === null ? null : Math.min(askedMs, LONGEST_ASKED_MS);
  return { to: 'again', fault, at: nextAttemptAt(attempts + 1, now, limits, boundedMs, random) };
};

const faultOf = (answer: Answer): AttemptFault => {
  if (!answer.answered) return answer.fault;
  if (answer.status === 410) return 'gone';
  return answer.status >= 300 && answer.status < 400 ? 'redirect' : 'status';
};
