import { z } from 'zod';
import { v1ImageIdSchema, type Digest } from '../../oci/digest.js';
import { tagSchema, type RepositoryName, type Tag } from '../../oci/names.js';
import { SextonError } from '../../errors/sexton-error.js';
import { parseJson } from '../upstream/json.js';
import type { Upstream } from '../upstream/upstream.js';
import { notWhatWasAsked, saysAbsent, unexpectedAnswer } from './errors.js';
import { tagPath, tagsPath } from './paths.js';

/** A tag whose file could not be read comes as null: it is there, and says nothing (tags.get_tags). */
const tagsSchema = z.record(tagSchema, v1ImageIdSchema.nullable());
const MOST_BYTES = 64 * 1024 * 1024;

/** Every tag and its image; null where the registry could not read it. Empty for an unknown repository. */
export const readTags = async (
  upstream: Upstream,
  repository: RepositoryName,
  signal: AbortSignal,
): Promise<ReadonlyMap<Tag, Digest | null>> => (await findTags(upstream, repository, signal)) ?? new Map();

/** The same; null instead of a map for an unknown repository. */
export const findTags = async (
  upstream: Upstream,
  repository: RepositoryName,
  signal: AbortSignal,
): Promise<ReadonlyMap<Tag, Digest | null> | null> => {
  const what = `the tags of ${repository}`;
  const response = await upstream.ask(
    { method: 'GET', path: tagsPath(repository), scope: '', mayRepeat: true, mostBytes: MOST_BYTES },
    signal,
  );
  if (saysAbsent(response, 'Repository')) return null;
  if (response.status !== 200) throw unexpectedAnswer(response, upstream.options.name, what);
  const parsed = tagsSchema.safeParse(parseJson(response.body));
  if (!parsed.success) throw notWhatWasAsked(upstream.options.name, what);
  return new Map(Object.entries(parsed.data).map(([tag, image]) => [tagSchema.parse(tag), image]));
};

/** The image that the tag names. Whether the registry has that image is another question. */
export const readTag = async (
  upstream: Upstream,
  repository: RepositoryName,
  tag: Tag,
  signal: AbortSignal,
): Promise<Digest | null> => {
  const what = `GET ${repository}:${tag}`;
  const response = await upstream.ask(
    { method: 'GET', path: tagPath(repository, tag), scope: '', mayRepeat: true },
    signal,
  );
  if (saysAbsent(response, 'Tag')) return null;
  if (response.status !== 200) throw unexpectedAnswer(response, upstream.options.name, what);
  const parsed = v1ImageIdSchema.safeParse(parseJson(response.body));
  if (!parsed.success) throw notWhatWasAsked(upstream.options.name, `an image id to ${what}`);
  return parsed.data;
};

/**
 * Removes one tag, if it still names `expected`. Deleting is not atomic there: with the tag's JSON file missing the
 * answer is 404 although the tag went, so that only reading it again tells (FACTS §4). Sent once: a repetition could
 * meet a tag that somebody pushed meanwhile.
 */
export const removeTag = async (
  upstream: Upstream,
  repository: RepositoryName,
  tag: Tag,
  expected: Digest,
  signal: AbortSignal,
): Promise<'untagged' | 'absent' | 'moved'> => {
  const before = await readTag(upstream, repository, tag, signal);
  if (before === null) return 'absent';
  if (before !== expected) return 'moved';
  const response = await upstream.ask(
    { method: 'DELETE', path: tagPath(repository, tag), scope: '', mayRepeat: false },
    signal,
  );
  if (response.status === 200) return 'untagged';
  if (saysAbsent(response, 'Tag') && (await readTag(upstream, repository, tag, signal)) === null) {
    return 'untagged';
  }
  throw unexpectedAnswer(response, upstream.options.name, `DELETE ${repository}:${tag}`);
};

/** Gives the tag to an image that the registry has (tags.put_tag), sent once as well; `not_restorable` when it has not. */
export const putTag = async (
  upstream: Upstream,
  repository: RepositoryName,
  tag: Tag,
  imageId: string,
  signal: AbortSignal,
): Promise<void> => {
  const response = await upstream.ask(
    {
      method: 'PUT',
      path: tagPath(repository, tag),
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(imageId), 'utf8'),
      scope: '',
      mayRepeat: false,
    },
    signal,
  );
  if (saysAbsent(response, 'Image')) {
    throw new SextonError('not_restorable', {
      detail: `Registry ${upstream.options.name} no longer has the image ${imageId}`,
    });
  }
  if (response.status !== 200) {
    throw unexpectedAnswer(response, upstream.options.name, `PUT ${repository}:${tag}`);
  }
};
