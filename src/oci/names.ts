import { z } from 'zod';
import { digestSchema, type Digest } from './digest.js';

/** OCI distribution spec, "Pulling manifests": `<name>` and `<reference>` grammar. */
const repositoryPattern = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

export const repositoryNameSchema = z
  .string()
  .min(1, 'must not be empty')
  .max(255, 'must have at most 255 characters')
  .regex(
    repositoryPattern,
    'must be lower-case path components of letters and digits, separated by ".", "_", "__" or "-" and joined by "/"',
  )
  .brand<'RepositoryName'>();

export type RepositoryName = z.infer<typeof repositoryNameSchema>;

export const tagSchema = z
  .string()
  .regex(
    tagPattern,
    'must be a tag: a letter, digit or "_", then at most 127 of letters, digits, ".", "_" or "-"',
  )
  .brand<'Tag'>();

export type Tag = z.infer<typeof tagSchema>;

/** A configured registry's name; clients name registries, they never give a URL. */
export const registryNameSchema = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and "-", at most 63')
  .brand<'RegistryName'>();

export type RegistryName = z.infer<typeof registryNameSchema>;

export type Reference = { kind: 'tag'; tag: Tag } | { kind: 'digest'; digest: Digest };

/** A tag or a digest. Anything with a colon must be a whole digest: a mistyped digest is never sent as a tag. */
export const parseReference = (text: string): Reference | null => {
  if (text.includes(':')) {
    const digest = digestSchema.safeParse(text);
    return digest.success ? { kind: 'digest', digest: digest.data } : null;
  }
  const tag = tagSchema.safeParse(text);
  return tag.success ? { kind: 'tag', tag: tag.data } : null;
};

export const parseRepositoryName = (text: string): RepositoryName => repositoryNameSchema.parse(text);
export const parseTag = (text: string): Tag => tagSchema.parse(text);
export const parseRegistryName = (text: string): RegistryName => registryNameSchema.parse(text);
