import type { CorsOptions } from '@nestjs/common/interfaces/external/cors-options.interface.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'];
const REQUEST_HEADERS = [
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'Last-Event-ID',
  'Prefer',
  'X-Request-Id',
];
const ANSWER_HEADERS = [
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Sexton-Deletion',
  'X-Request-Id',
];

/** Lets pages of these origins call the API. They send the key themselves: no cookie and no other credential counts. */
export const corsFor = (origins: readonly string[]): CorsOptions => ({
  origin: [...origins],
  methods: METHODS,
  allowedHeaders: REQUEST_HEADERS,
  exposedHeaders: ANSWER_HEADERS,
  credentials: false,
  maxAge: 600,
});
