import { expect, it } from 'vitest';
import { digestOf } from '../oci/digest.js';
import { parseRegistryName, parseRepositoryName } from '../oci/names.js';
import { ManifestMemory } from './manifest-memory.js';

const PROD = parseRegistryName('prod');
const APP = parseRepositoryName('team-a/app');
const manifestOf = (bytes: Uint8Array) => ({
  digest: digestOf(bytes),
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  bytes,
  content: { kind: 'opaque' } as const,
});

it('hands a manifest over once, of the repository that it was kept for', () => {
  const memory = new ManifestMemory();
  const manifest = manifestOf(Buffer.from('{"schemaVersion": 2}'));
  memory.keep(PROD, APP, manifest);
  expect(memory.take(PROD, parseRepositoryName('team-a/other'), manifest.digest)).toBeNull();
  expect(memory.take(parseRegistryName('test'), APP, manifest.digest)).toBeNull();
  const taken = memory.take(PROD, APP, manifest.digest);
  expect(taken && Buffer.from(taken.bytes)).toEqual(manifest.bytes);
  expect(memory.take(PROD, APP, manifest.digest)).toBeNull();
});

it('keeps its own copy', () => {
  const memory = new ManifestMemory();
  const bytes = Buffer.from('{"schemaVersion": 2}');
  const manifest = manifestOf(bytes);
  memory.keep(PROD, APP, manifest);
  bytes.fill(0);
  expect(digestOf(memory.take(PROD, APP, manifest.digest)?.bytes ?? bytes)).toBe(manifest.digest);
});

it('lets the oldest go when it holds more than 8 MiB', () => {
  const memory = new ManifestMemory();
  const manifests = Array.from({ length: 5 }, (_, n) => manifestOf(Buffer.alloc(2 * 1024 * 1024, n)));
  for (const manifest of manifests) memory.keep(PROD, APP, manifest);
  const isKept = manifests.map(({ digest }) => memory.take(PROD, APP, digest) !== null);
  expect(isKept).toEqual([false, false, true, true, true]);
});
