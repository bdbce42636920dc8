import { z } from 'zod';
import { plainText } from '../http/plain-text.js';

/** Why somebody does something: it stands in the audit log for years, so it must be there and be plain text. */
export const reasonSchema = plainText(
  z
    .string({
      error: (issue) => (issue.input === undefined ? 'is required: say why, in a sentence' : undefined),
    })
    .trim()
    .min(1, 'must not be blank: say why, in a sentence')
    .max(2000, 'must have at most 2000 characters'),
);
