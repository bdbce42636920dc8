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
