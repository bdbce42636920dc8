import { z } from 'zod';
import { registryNameSchema } from '../oci/names.js';
import { longDurationSchema } from './duration.js';

const MOST_WILDCARDS = 8;

const globOf = (characters: RegExp, what: string) =>
  z
    .string()
    .min(1)
    .max(255)
    .regex(characters, `must be ${what} in which * stands for any characters`)
    .refine((glob) => (glob.match(/\*+/g) ?? []).length <= MOST_WILDCARDS, {
      error: `must have at most ${MOST_WILDCARDS} *`,
    });

const repositoryGlob = globOf(/^[a-z0-9._*/-]+$/, 'a repository').refine(
  (glob) => glob.split('/').every((part) => part !== '' && (part === '**' || !part.includes('**'))),
  { error: 'must have ** only as a whole component, and no empty one' },
);
const tagGlob = globOf(/^[A-Za-z0-9_.*-]+$/, 'a tag').refine((glob) => !glob.includes('**'), {
  error: 'must not have two * in a row',
});
const percent = z.number().min(0).max(100);
const most = z.int().min(1).optional();

const ruleSchema = z
  .strictObject({
    name: z.string().trim().min(1).max(100).optional().describe('Shown with what it stops.'),
    registry: registryNameSchema.optional().describe('Without it in every registry.'),
    repository: repositoryGlob.optional().describe('Glob such as `team-a/**`; without it in all.'),
    tags: tagGlob.optional().describe('Glob over tags, of which one goes.'),
    targetsOver: z.int().min(0).optional().describe('More tags and manifests than this go.'),
    shareOver: percent.optional().describe("More of the repository's tags than so many percent go."),
    bytesOver: z.int().min(0).optional().describe('More bytes than this could be freed.'),
    referrers: z.literal(true).optional().describe('Signatures, SBOMs or the like go along.'),
    approvers: z.int().min(1).max(10).default(1).describe('How many other people must approve.'),
    expiry: longDurationSchema.default('3d').describe('How long there is time for that.'),
  })
  .describe('A deletion needs approval when all that the rule names is true.');

export const approvalsSchema = z
  .strictObject({ rules: z.array(ruleSchema).max(100).default([]).describe('Any one of them is enough.') })
  .prefault({})
  .describe('Which deletions other people have to approve.');

export const limitsSchema = z
  .strictObject({
    targetsPerRequest: most.describe('Most tags and manifests that one request may take.'),
    sharePerRequest: percent.optional().describe("Most percent of a repository's tags in one request."),
    targetsPerDay: most.describe('Most tags and manifests that one caller may take a day (UTC).'),
  })
  .prefault({})
  .describe('How much may go; without a limit as much as is asked for.');
