import { InvalidArgumentError } from 'commander';

const UNITS_MS: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5 };

/** `30m`, `2h`, `7d`; the configuration's durations, without loading its schema library (45 ms of every start). */
export const duration = (text: string): number => {
  const [, count, unit] = /^(\d{1,9})(s|m|h|d)$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) {
    throw new InvalidArgumentError('Give a number with s, m, h or d, such as 2h.');
  }
  return Number(count) * (UNITS_MS[unit] ?? 0);
};

/** A whole number of at least 1. */
export const count = (text: string): number => {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Give a whole number of at least 1.');
  return Number(text);
};
