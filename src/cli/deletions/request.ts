import { z } from 'zod';
import type { CreateDeletion } from '../client/client.js';
import { CommandError } from '../exit-codes.js';
import { parseImages } from './image-reference.js';

/** What commander parsed of `delete` and `plan`. An empty text is sent on as it is, and refused there. */
export const askOptionsSchema = z.object({
  reason: z.string(),
  ticket: z.string().exactOptional(),
  label: z.array(z.string()),
  siblings: z.enum(['refuse', 'untag', 'include', 'single']).exactOptional(),
  referrers: z.enum(['keep', 'include']).exactOptional(),
  children: z.enum(['keep', 'include']).exactOptional(),
  runIn: z.enum(['now', 'window']).exactOptional(),
  tags: z.string().exactOptional(),
  olderThan: z.string().exactOptional(),
  keepNewest: z.number().exactOptional(),
  untagged: z.literal(true).exactOptional(),
  wholeRepository: z.literal(true).exactOptional(),
  dryRun: z.boolean().default(false),
  idempotencyKey: z.string().exactOptional(),
  wait: z.boolean().default(true),
  timeout: z.number().exactOptional(),
  json: z.boolean().default(false),
  trunc: z.boolean().default(true),
});

export type AskOptions = z.infer<typeof askOptionsSchema>;

/**
 * The body of `POST /v1/deletions`. Exactly one of images, selector and `--whole-repository` says what goes: a name
 * whose tag got lost (`prod/app:$TAG`, `prod/app$TAG`) must never mean everything.
 */
export const deletionRequest = (texts: readonly string[], options: AskOptions): CreateDeletion => {
  const { registry, repository, references } = parseImages(texts);
  const { reason, ticket, siblings, referrers, children, runIn, dryRun, wholeRepository } = options;
  const { tags, olderThan, keepNewest, untagged } = options;
  const selector = {
    ...(tags !== undefined && { tags }),
    ...(olderThan !== undefined && { olderThan }),
    ...(keepNewest !== undefined && { keepNewest }),
    ...(untagged !== undefined && { untagged }),
  };
  const chosen = {
    ...(references.length > 0 && { references: [...references] }),
    ...(Object.keys(selector).length > 0 && { selector }),
    ...(wholeRepository !== undefined && { wholeRepository }),
  };
  const name = `${registry}/${repository}`;
  const ways = Object.keys(chosen).length;
  if (ways === 0) {
    throw new CommandError(
      `${name} has no tag and no digest: name them (${name}:TAG), or give a rule such as --tags, or --whole-repository`,
    );
  }
  if (ways > 1) {
    throw new CommandError(
      'Name tags and digests, or give rules such as --tags, or --whole-repository: one of them',
    );
  }
  return {
    registry,
    repository,
    ...chosen,
    reason,
    dryRun,
    labels: labelsOf(options.label),
    ...(ticket !== undefined && { ticket }),
    ...(siblings !== undefined && { siblings }),
    ...(referrers !== undefined && { referrers }),
    ...(children !== undefined && { children }),
    ...(runIn !== undefined && { runIn }),
  };
};

const labelsOf = (texts: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    texts.map((text) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
      if (name === undefined || value === undefined) {
        throw new CommandError(`--label ${JSON.stringify(text)}: give NAME=VALUE`);
      }
      return [name, value];
    }),
  );
