import { z } from 'zod';

const FIRST = Date.parse('0000-01-01T00:00:00Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');

/** Outside of them JavaScript writes years with a sign and six digits, which nothing else reads. */
const hasFourDigits = (text: string): boolean => {
  const at = Date.parse(text);
  return !(at < FIRST || at > LAST);
};

/** A point in time with its offset from UTC, whose year in UTC has four digits as well. */
export const momentSchema = z.iso
  .datetime({ offset: true })
  .refine(hasFourDigits, { error: 'must be in one of the years 0000 to 9999, in UTC' });
