import type { JsonValue } from './audit-event.js';

/**
 * PostgreSQL stores neither NUL nor half a surrogate pair, and a caller can send both in a reason. They become U+FFFD,
 * so that no text can make its own audit event impossible to record, and with it the transaction.
 */
// eslint-disable-next-line no-control-regex
const UNSTORABLE = /\u0000|\p{Surrogate}/gu;

export function storableText(text: string): string;
export function storableText(text: string | null | undefined): string | null;
export function storableText(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : text.replace(UNSTORABLE, '\uFFFD');
}

/** The same for every string and key in `value`. */
export const storableJson = (value: JsonValue): JsonValue => {
  if (typeof value === 'string') return storableText(value);
  if (value === null || typeof value !== 'object') return value;
  if (isList(value)) return value.map(storableJson);
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [storableText(key), storableJson(v)]));
};

const isList = (value: object): value is readonly JsonValue[] => Array.isArray(value);
