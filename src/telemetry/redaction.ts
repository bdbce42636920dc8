/**
 * Fields whose value is never written, at any depth, whoever logs them (promise 8): the name is one of these, or ends in
 * one, as `upstreamPassword` and `x-api-key` do.
 */
const SECRET_FIELD =
  /^key$|(?:authorization|cookie|password|passwd|passphrase|secret|token|api[-_]?key|credentials?)$/i;

/** Secrets inside free text: user info of a URL, authorization headers, and our own keys. */
const SECRET_TEXT: readonly (readonly [RegExp, string])[] = [
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, '$1[secret]@'],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}/gi, '$1 [secret]'],
  [/\bsxt_[A-Za-z0-9_-]{8,}/g, 'sxt_[secret]'],
  [/\bwhsec_[A-Za-z0-9+/=]{8,}/g, 'whsec_[secret]'],
];

const CENSORED = '[secret]';
const DEEPEST = 8;

const redactText = (text: string): string =>
  SECRET_TEXT.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), text);

/** A copy of `value`, which is JSON, without secrets. What is deeper than a log line should be is left out. */
export const redact = (value: unknown, depth = 0): unknown => {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      SECRET_FIELD.test(name) && field !== null ? CENSORED : redact(field, depth + 1),
    ]),
  );
};

/** Name, code, message, stack and causes; nothing else, because clients hang requests and responses on their errors. */
export const describeError = (error: unknown, depth = 0): unknown => {
  if (!(error instanceof Error) || depth > DEEPEST) return error;
  return {
    type: error.name,
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    message: error.message,
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
};
