import type { Response } from 'express';
import type { Allowance } from './rate-limits.js';

/** `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): quota, window, remainder, seconds left. */
export const setRateLimitHeaders = (response: Response, allowance: Allowance): void => {
  const { policy, quota, windowSeconds, remaining, resetMs } = allowance;
  response.setHeader('RateLimit-Policy', `"${policy}";q=${quota};w=${windowSeconds}`);
  response.setHeader('RateLimit', `"${policy}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`);
};
