/** How often one caller may ask, and one address may fail to log in, in a window of `perSeconds`. */
export interface RateLimitOptions {
  readonly requests: number;
  readonly failedLogins: number;
  readonly perSeconds: number;
}
