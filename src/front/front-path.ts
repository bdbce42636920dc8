import { digestSchema, type Digest } from '../oci/digest.js';
import { parseReference, repositoryNameSchema, type Reference } from '../oci/names.js';
import { FrontError } from './front-error.js';

/** What a request below `/v2/` or DTR's `/api/v0/repositories/` asks about. `name` is as the client wrote it. */
export type FrontRequest =
  | { readonly kind: 'ping' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags'; readonly name: string }
  | { readonly kind: 'manifest'; readonly name: string; readonly reference: Reference }
  | { readonly kind: 'referrers'; readonly name: string; readonly digest: Digest };

/**
 * Reads a raw, undecoded path of the OCI distribution API. Names and references have no character that needs encoding,
 * so an encoded one is refused: nothing is decoded, and nothing can become another path (TRAPS 13, 15).
 */
export const readV2Path = (path: string): FrontRequest => {
  if (path === '/v2' || path === '/v2/') return { kind: 'ping' };
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  const tags = /^\/v2\/(.+)\/tags\/list$/.exec(path);
  if (tags?.[1] !== undefined) return { kind: 'tags', name: nameOf(tags[1]) };
  const [, name, verb, last] = /^\/v2\/(.+)\/(manifests|referrers)\/([^/]+)$/.exec(path) ?? [];
  if (name === undefined || last === undefined) throw unknownPath();
  if (verb === 'manifests') return { kind: 'manifest', name: nameOf(name), reference: referenceOf(last) };
  const digest = digestSchema.safeParse(last);
  if (!digest.success) throw badDigest();
  return { kind: 'referrers', name: nameOf(name), digest: digest.data };
};

/** DTR's `/api/v0/repositories/{namespace}/{reponame}/manifests|tags/{reference}`; a namespace may be left out. */
export const readDtrPath = (path: string): Extract<FrontRequest, { kind: 'manifest' }> => {
  const [, name, verb, last] =
    /^\/api\/v0\/repositories\/([^/]+(?:\/[^/]+)?)\/(manifests|tags)\/([^/]+)$/.exec(path) ?? [];
  if (name === undefined || last === undefined) throw unknownPath();
  const reference = referenceOf(last);
  if (verb === 'tags' && reference.kind !== 'tag') throw badDigest();
  return { kind: 'manifest', name: nameOf(name), reference };
};

const nameOf = (text: string): string => {
  if (repositoryNameSchema.safeParse(text).success) return text;
  throw new FrontError(400, 'NAME_INVALID', 'The repository name is not valid');
};

const referenceOf = (text: string): Reference => {
  const reference = parseReference(text);
  if (reference) return reference;
  throw text.includes(':') || text.includes('%')
    ? badDigest()
    : new FrontError(400, 'TAG_INVALID', 'The tag is not valid');
};

const badDigest = (): FrontError =>
  new FrontError(400, 'DIGEST_INVALID', 'The digest is not valid; write it out, sha256: and 64 hex digits');

const unknownPath = (): FrontError =>
  new FrontError(
    404,
    'UNSUPPORTED',
    'Sexton serves what a client needs to delete: /v2/, _catalog, tags/list, manifests and referrers',
  );
