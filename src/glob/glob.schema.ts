import { z } from 'zod';

const COMPONENT = '[a-z0-9*][a-z0-9._*-]*';
const REPOSITORIES = new RegExp(`^${COMPONENT}(/${COMPONENT})*$`);
const TAGS = /^[A-Za-z0-9_.*-]+$/;
const MOST_WILDCARDS = 8;

const wildcards = (glob: string): number => (glob.match(/\*+/g) ?? []).length;
const isTooWild = { error: `must have at most ${MOST_WILDCARDS} wildcards` };

/** Globs as in a scope: `*` stands for any characters inside one path component, `**` for one or more components. */
export const repositoryGlobSchema = z
  .string()
  .min(1)
  .max(255)
  .regex(REPOSITORIES, 'must be a repository in which * and ** are wildcards, such as team-a/**')
  .refine((glob) => glob.split('/').every((part) => part === '**' || !part.includes('**')), {
    error: 'must have ** only as a whole path component',
  })
  .refine((glob) => wildcards(glob) <= MOST_WILDCARDS, isTooWild);

/** `*` stands for any characters. */
export const tagGlobSchema = z
  .string()
  .min(1)
  .max(200)
  .regex(TAGS, 'must be a tag in which * stands for any characters, such as release-*')
  .refine((glob) => !glob.includes('**'), { error: 'must not have two * in a row' })
  .refine((glob) => wildcards(glob) <= MOST_WILDCARDS, isTooWild);
