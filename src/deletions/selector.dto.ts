import { z } from 'zod';
import type { Selector } from '../planning/selector.js';

const DAYS = /^([1-9]\d{0,4})d$/;
const DAY_MS = 86_400_000;
const MOST_WILDCARDS = 8;

/** What to delete, by rules in place of names. */
export const selectorSchema = z
  .strictObject({
    tags: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[A-Za-z0-9_.*-]+$/, 'must be a tag in which * stands for any characters')
      .refine((glob) => (glob.match(/\*+/g) ?? []).length <= MOST_WILDCARDS && !glob.includes('**'), {
        error: `must have at most ${MOST_WILDCARDS} *, and not two in a row`,
      })
      .optional()
      .describe('Tags of such a name; * stands for any characters.'),
    olderThan: z
      .string()
      .regex(DAYS, 'must be a number of days such as 30d')
      .optional()
      .describe(
        'Pushed, or else made, at least so many days ago. What has no age that can be believed stays.',
      ),
    keepNewest: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe('The newest so many of those that tags selects stay.'),
    untagged: z
      .literal(true)
      .optional()
      .describe('Manifests that no tag names and no index holds, where the registry can list them.'),
  })
  .refine((selector) => Object.values(selector).some((part) => part !== undefined), {
    error: 'must have at least one part: an empty selector would select everything',
  })
  .meta({
    id: 'Selector',
    description: 'All parts must be true (AND). What it selects is pinned in the plan; that is what runs.',
    example: { tags: 'dev-*', olderThan: '30d', keepNewest: 10 },
  });

export type SelectorView = z.infer<typeof selectorSchema>;

/** As it is stored: the caller's selector, or the wish for the whole repository. */
export type StoredSelector = SelectorView | 'everything';

export const selectorOf = (stored: StoredSelector | null): Selector | 'everything' => {
  if (stored === 'everything') return stored;
  const { tags, olderThan, keepNewest, untagged } = stored ?? {};
  const [, days] = DAYS.exec(olderThan ?? '') ?? [];
  return {
    tags: tags ?? null,
    olderThanMs: days === undefined ? null : Number(days) * DAY_MS,
    keepNewest: keepNewest ?? null,
    untagged: untagged ?? false,
  };
};
