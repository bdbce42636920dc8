import { z } from 'zod';
import { repositoryGlobSchema, tagGlobSchema } from '../glob/glob.schema.js';
import { digestSchema } from '../oci/digest.js';
import { registryNameSchema } from '../oci/names.js';
import { durationSchema } from './duration.js';

/** A line that people read in refusals and in the audit log. */
const lineSchema = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, 'must be one line');

const holdEntry = z
  .strictObject({
    registry: registryNameSchema.describe('A registry under registries.'),
    repository: repositoryGlobSchema.describe('Where: a repository or a glob such as team-a/**.'),
    tags: tagGlobSchema.optional().describe('Tags of such a name, and the images that they point at.'),
    digest: digestSchema.optional().describe('One manifest. Without tags and digest everything is held.'),
    reason: lineSchema.describe('Why; shown to whoever asks for what is held.'),
  })
  .refine(({ tags, digest }) => tags === undefined || digest === undefined, {
    path: ['digest'],
    error: 'must not be there with tags: one of them, or neither',
  });

/** Patterns that nobody deletes. */
export const holdsSchema = z.array(holdEntry).max(1000).default([]).describe('What nobody may delete.');

const approvalEntry = z.strictObject({
  name: lineSchema.optional().describe('How it is called where a deletion says why it waits.'),
  registry: registryNameSchema.optional().describe('Only there.'),
  repository: repositoryGlobSchema.optional().describe('Only in such repositories.'),
  tags: tagGlobSchema.optional().describe('When a tag of such a name goes.'),
  targetsOver: z.int().min(0).optional().describe('When more targets go.'),
  shareOver: z.number().min(0).max(100).optional().describe("When more percent of the repository's tags go."),
  bytesOver: z.int().min(0).optional().describe('When more bytes go that only these images hold.'),
  referrers: z.literal(true).optional().describe('When signatures or SBOMs go as well.'),
  approvers: z.int().min(1).max(10).default(1).describe('How many people must approve.'),
  expiry: durationSchema.default('3d').describe('How long they may take.'),
});

/** When others must consent. */
export const approvalsSchema = z
  .strictObject({
    rules: z
      .array(approvalEntry)
      .max(1000)
      .default([])
      .describe('Of each rule every part must be true; one rule that is met is enough.'),
  })
  .prefault({})
  .describe('Which deletions wait until somebody else approves them.');

/** How much is too much. */
export const limitsSchema = z
  .strictObject({
    targetsPerRequest: z.int().min(1).optional().describe('Most targets of one request.'),
    share: z
      .strictObject({
        percent: z.number().min(0).max(100).describe("Most percent of a repository's tags in one request."),
        over: z.enum(['approval', 'refuse']).describe('What becomes of a request above it.'),
      })
      .optional(),
    targetsPerDay: z.int().min(1).optional().describe('Most targets of one caller within 24 hours.'),
  })
  .prefault({})
  .describe('How much one request, and one caller, may delete.');

export type HoldEntries = z.infer<typeof holdsSchema>;
export type ApprovalEntries = z.infer<typeof approvalsSchema>;
export type LimitEntries = z.infer<typeof limitsSchema>;
