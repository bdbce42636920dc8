import { describe, expect, it } from 'vitest';
import { readReferences } from '../../src/collections/engine/references.js';
import { digestOf } from '../../src/oci/digest.js';
import { MEDIA_TYPES } from '../../src/oci/media-types.js';

const [A, B, C] = [digestOf(Buffer.from('a')), digestOf(Buffer.from('b')), digestOf(Buffer.from('c'))];
const WIDE = digestOf(Buffer.from('a'), 'sha512');

const read = (manifest: unknown) =>
  readReferences(Buffer.from(typeof manifest === 'string' ? manifest : JSON.stringify(manifest)));
const rolesIn = (manifest: unknown): Record<string, string> =>
  Object.fromEntries(read(manifest).references.map(({ digest, role }) => [digest, role]));

const descriptor = (digest: string, mediaType = 'application/octet-stream') => ({
  mediaType,
  digest,
  size: 1,
});
const image = { schemaVersion: 2, config: descriptor(A), layers: [descriptor(B)] };

describe('a manifest of a known type', () => {
  it('refers to its config, its layers, its subject and the blobs of an artifact', () => {
    const artifact = {
      mediaType: 'application/vnd.oci.artifact.manifest.v1+json',
      blobs: [descriptor(A)],
      subject: descriptor(B),
    };
    expect(rolesIn({ ...image, subject: descriptor(C) })).toEqual({
      [A]: 'content',
      [B]: 'content',
      [C]: 'subject',
    });
    expect(Object.keys(rolesIn(artifact)).sort()).toEqual([A, B].sort());
    expect(rolesIn({ schemaVersion: 2, blobs: [descriptor(A)], subject: descriptor(B) })).toEqual({
      [A]: 'content',
      [B]: 'subject',
    });
  });

  it('refers to manifests among its layers as to the children of an index', () => {
    for (const type of [MEDIA_TYPES.ociManifest, MEDIA_TYPES.ociIndex]) {
      expect(rolesIn({ ...image, layers: [descriptor(B, type)] })).toEqual({ [A]: 'content', [B]: 'child' });
    }
  });
});

describe('whatever is not exactly a type that is known keeps every digest in it', () => {
  it.each([
    ['a key that is not known', { ...image, later: { digest: C } }],
    ['a key of another case', { ...image, Layers: [descriptor(C)] }],
    ['another media type', { ...image, mediaType: 'application/vnd.later+json', annotations: { base: C } }],
    ['a media type that is no text', { ...image, mediaType: 2, annotations: { base: C } }],
    ['layers that are no list', { schemaVersion: 2, config: descriptor(A), layers: { b: B, c: C } }],
    ['a layer that is no descriptor', { ...image, layers: [B, C] }],
    [
      'a layer of an algorithm that is not known',
      { ...image, layers: [descriptor(B), descriptor('md5:00')], annotations: { base: C } },
    ],
  ])('with %s', (_, manifest) => {
    const { kind, references } = read(manifest);
    expect(kind).toBe('opaque');
    expect(references.map(({ digest }) => digest)).toEqual(expect.arrayContaining([A, B, C]));
  });

  it('written twice, whichever of the two a parser keeps', () => {
    const twice = `{"schemaVersion":2,"layers":[{"digest":"${C}","size":1}],"config":{"digest":"${A}"},"layers":[{"digest":"${B}","size":1}]}`;
    expect(Object.keys(rolesIn(twice)).sort()).toEqual([A, B, C].sort());
  });

  it('cut short, or no JSON at all', () => {
    expect(Object.keys(rolesIn(JSON.stringify({ ...image, extra: WIDE }).slice(0, -1))).sort()).toEqual(
      [A, B, WIDE].sort(),
    );
    expect(read(`no manifest, but ${A}`)).toMatchObject({ kind: 'leaf', references: [{ digest: A }] });
  });
});
