import { z } from 'zod';

/** Control characters but tab and line feed, and the bidirectional overrides that make text read as what it is not. */
// eslint-disable-next-line no-control-regex -- naming them is the point
const DECEPTIVE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/;

/** Why somebody does something: it stands in the audit log for years, so it must be there and be plain text. */
export const reasonSchema = z
  .string({
    error: (issue) => (issue.input === undefined ? 'is required: say why, in a sentence' : undefined),
  })
  .trim()
  .min(1, 'must not be blank: say why, in a sentence')
  .max(2000, 'must have at most 2000 characters')
  .refine((text) => !DECEPTIVE.test(text), {
    error: 'must not hold control characters or bidirectional overrides',
  });
