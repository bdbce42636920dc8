import { describe, expect, it } from 'vitest';
import { digestOf } from '../../oci/digest.js';
import { MEDIA_TYPES } from '../../oci/media-types.js';
import { makeThrowaway, replacedBy } from './throwaway.js';

const REPLACED = digestOf(Buffer.from('an image'));

describe('a throw-away manifest', () => {
  it.each([
    [MEDIA_TYPES.ociManifest, MEDIA_TYPES.ociManifest],
    [MEDIA_TYPES.ociIndex, MEDIA_TYPES.ociManifest],
    [MEDIA_TYPES.dockerManifest, MEDIA_TYPES.dockerManifest],
    [MEDIA_TYPES.dockerList, MEDIA_TYPES.dockerManifest],
    [MEDIA_TYPES.schema1Signed, MEDIA_TYPES.ociManifest],
  ])('in place of %s is %s, says for what it stands, and is like no other', (replaced, mediaType) => {
    const one = makeThrowaway(REPLACED, replaced, 'one');
    const two = makeThrowaway(REPLACED, replaced, 'two');
    expect(one.mediaType).toBe(mediaType);
    expect(replacedBy(one)).toBe(REPLACED);
    expect(one.digest).toBe(digestOf(one.bytes));
    expect(one.digest).not.toBe(two.digest);
  });

  it.each([
    ['an image with layers', { layers: [{}], annotations: { 'dev.sexton.replaces': REPLACED } }],
    ['another empty image', { layers: [], annotations: {} }],
    ['what names no digest', { layers: [], annotations: { 'dev.sexton.replaces': 'v1' } }],
  ])('is not %s', (_, manifest) => {
    const bytes = Buffer.from(JSON.stringify(manifest));
    expect(replacedBy({ mediaType: MEDIA_TYPES.ociManifest, bytes })).toBeNull();
    expect(replacedBy({ mediaType: MEDIA_TYPES.ociManifest, bytes: Buffer.from('no JSON') })).toBeNull();
  });
});
