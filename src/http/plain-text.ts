import { z } from 'zod';

/** Control characters, lone surrogates, and the bidirectional marks that make text read as what it is not. */
const DECEPTIVE = /[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;
const LINE_BREAK = /[\n\r\u2028\u2029]/;

const hides = (text: string): boolean => DECEPTIVE.test(text.replaceAll(/[\t\n]/g, ''));

/** Text for people, on one line. */
export const plainLine = (text: z.ZodString) =>
  text.refine((value) => !DECEPTIVE.test(value) && !LINE_BREAK.test(value), {
    error: 'must be plain text on one line',
  });

/** Text for people; tab and line feed are part of it. */
export const plainText = (text: z.ZodString) =>
  text.refine((value) => !hides(value), {
    error: 'must not hold control characters or bidirectional overrides',
  });

/** Text to compare with what is stored: PostgreSQL stores no NUL, and answers a question about one with an error. */
export const storableText = (text: z.ZodString) => text.regex(/^[^\0]*$/, 'must not hold NUL');

/** An id as Sexton makes them (`01JD…`, `key_…`, `hold_…`); a path with anything else names nothing. */
export const idSchema = z
  .string()
  .max(64)
  .regex(/^[\w-]+$/, 'must be an id: letters, digits, _ and -');
