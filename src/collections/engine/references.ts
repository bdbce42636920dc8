import type { Digest } from '../../oci/digest.js';
import { MEDIA_TYPES } from '../../oci/media-types.js';
import { recognizeDigest, recognizeDigests } from './digest-key.js';
import { latin1 } from './listing.js';

/**
 * What a manifest wants of a digest:
 * - `content`: a config, layer or artifact blob; it refers to nothing further.
 * - `foreign`: a layer that need not be here (OCI image spec layer.md "Non-Distributable Layers").
 * - `child`: a manifest of an index; what it refers to is wanted too.
 * - `subject`: the image a signature or SBOM is about. It need not exist (OCI distribution spec "Pushing manifests
 *   with subject"); where it does, it stays as long as its referrer does.
 * - `mention`: a digest in a manifest that we cannot read for certain; it may be anything of the above.
 */
export const ROLES = ['content', 'foreign', 'child', 'subject', 'mention'] as const;
export type Role = (typeof ROLES)[number];

export interface Reference {
  readonly digest: Digest;
  readonly role: Role;
  readonly sizeBytes: number;
}

/** `opaque`: of no type we know, so every digest in it counts. `leaf`: not a manifest at all. */
export const KINDS = ['image', 'index', 'schema1', 'opaque', 'leaf'] as const;
export type ManifestKind = (typeof KINDS)[number];

export interface ManifestReferences {
  readonly kind: ManifestKind;
  readonly references: readonly Reference[];
}

type Json = Readonly<Record<string, unknown>>;

const DIGESTS = /sha(?:256:[a-f0-9]{64}|512:[a-f0-9]{128})(?![a-f0-9])/g;
const KNOWN_KEYS: ReadonlySet<string> = new Set([
  ...['schemaVersion', 'mediaType', 'artifactType', 'config', 'layers', 'blobs', 'manifests', 'subject'],
  'annotations',
]);
const MANIFEST_TYPES: ReadonlySet<string> = new Set(Object.values(MEDIA_TYPES));
const FOREIGN_TYPE = /foreign|nondistributable/;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Thrown inside this file alone: the text has not the shape of the types we know. */
class UnknownShape extends Error {}

/** A reference of which the digest is still to be recognized. */
type Draft = Omit<Reference, 'digest'> & { readonly digest: string };

const areReferences = (drafts: readonly Draft[]): drafts is readonly Reference[] =>
  !recognizeDigests(drafts.map(({ digest }) => digest)).includes(null);

const refer = (descriptor: unknown, role: Role): Draft => {
  if (!isObject(descriptor)) throw new UnknownShape();
  const { digest, size, mediaType, urls } = descriptor;
  if (typeof digest !== 'string') throw new UnknownShape();
  const sizeBytes = typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : 0;
  const type = typeof mediaType === 'string' ? mediaType : '';
  if (role === 'content' && MANIFEST_TYPES.has(type)) return { digest, role: 'child', sizeBytes };
  const isForeign =
    role === 'content' && (FOREIGN_TYPE.test(type) || (Array.isArray(urls) && urls.length > 0));
  return { digest, role: isForeign ? 'foreign' : role, sizeBytes };
};

const referAll = (descriptors: unknown, role: Role): Draft[] => {
  if (descriptors === undefined || descriptors === null) return [];
  if (!Array.isArray(descriptors)) throw new UnknownShape();
  return descriptors.map((descriptor) => refer(descriptor, role));
};

const mentioned = (text: string): Reference[] =>
  [...new Set(text.match(DIGESTS) ?? [])].flatMap((match) => {
    const digest = recognizeDigest(match);
    return digest ? [{ digest, role: 'mention' as const, sizeBytes: 0 }] : [];
  });

const digestStrings = (value: unknown): number => {
  if (typeof value === 'string') return value.match(DIGESTS)?.length ?? 0;
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  for (const [key, inner] of Object.entries(value)) count += digestStrings(key) + digestStrings(inner);
  return count;
};

const occurrences = (text: string): number => {
  let count = 0;
  for (const start of ['sha256:', 'sha512:']) {
    for (let at = text.indexOf(start); at >= 0; at = text.indexOf(start, at + 1)) count += 1;
  }
  return count;
};

/** Image manifests, artifacts and indexes, of Docker or OCI; throws where anything is not as their specs say. */
const readKnown = (json: unknown, text: string): ManifestReferences => {
  if (!isObject(json)) throw new UnknownShape();
  const type = json['mediaType'] ?? '';
  if (typeof type !== 'string' || (type !== '' && !MANIFEST_TYPES.has(type))) throw new UnknownShape();
  // A key of another case is the same key to the registry's parser (Go's encoding/json); one that we do not know may
  // hold references in a later version of the spec.
  if (!Object.keys(json).every((key) => KNOWN_KEYS.has(key))) throw new UnknownShape();
  const children = referAll(json['manifests'], 'child');
  const references = [
    ...(json['config'] === undefined || json['config'] === null ? [] : [refer(json['config'], 'content')]),
    ...referAll(json['layers'], 'content'),
    ...referAll(json['blobs'], 'content'),
    ...children,
    ...(json['subject'] === undefined || json['subject'] === null ? [] : [refer(json['subject'], 'subject')]),
  ];
  if (!areReferences(references)) throw new UnknownShape();
  // A key written twice: our parser keeps the last, another may not. Counting the text is what is cheap, and usually
  // enough; only annotations hold further digests.
  if (references.length !== occurrences(text) && digestStrings(json) !== (text.match(DIGESTS)?.length ?? 0)) {
    throw new UnknownShape();
  }
  if (references.length === 0 && !Array.isArray(json['manifests'])) throw new UnknownShape();
  return { kind: Array.isArray(json['manifests']) ? 'index' : 'image', references };
};

/**
 * What the bytes of a manifest refer to. The file storage does not say a manifest's media type, so the bytes must.
 * Never fails: whatever is not exactly a type we know keeps every digest that it mentions.
 */
export const readReferences = (bytes: Uint8Array): ManifestReferences => {
  const text = latin1(bytes);
  if (!couldBeManifest(text)) return { kind: 'leaf', references: mentioned(text) };
  try {
    const json: unknown = JSON.parse(text);
    if (isObject(json) && Array.isArray(json['fsLayers']))
      return { kind: 'schema1', references: mentioned(text) };
    return readKnown(json, text);
  } catch (error) {
    if (error instanceof UnknownShape || error instanceof SyntaxError) {
      return { kind: 'opaque', references: mentioned(text) };
    }
    throw error;
  }
};

/** Every manifest a registry accepts is a JSON object. */
export const couldBeManifest = (text: string): boolean => /^(?:\u00ef\u00bb\u00bf)?\s*\{/.test(text);
