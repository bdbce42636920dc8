import { describe, expect, it } from 'vitest';
import { blobsIn, majorVersion, parseOutput } from './parse-output.js';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

// As docker-registry 2.8.2 printed it, with `--dry-run --delete-untagged`.
const V2 = [
  'team/app',
  `team/app: marking manifest ${digest('1')} `,
  `team/app: marking blob ${digest('2')}`,
  `manifest eligible for deletion: ${digest('2')}`,
  '',
  '2 blobs marked, 2 blobs and 1 manifests eligible for deletion',
  `blob eligible for deletion: ${digest('a')}`,
  `blob eligible for deletion: ${digest('b')}`,
];

// As the source of 3.1 prints it (garbagecollect.go).
const V3 = [
  'team/app',
  `team/app: marking manifest ${digest('1')} `,
  `manifest eligible for deletion: {team/app ${digest('2')} [v1 v2]}`,
  '',
  '2 blobs marked, 1 blobs and 1 manifests eligible for deletion',
  `blob eligible for deletion: ${digest('a')}`,
  `team/app: layer link eligible for deletion: ${digest('a')}`,
];

describe('the output of garbage-collect', () => {
  it('of 2.8 is read', () => {
    expect(parseOutput(V2)).toMatchObject({
      repositories: 1,
      marked: 2,
      manifests: 1,
      blobs: [digest('a'), digest('b')],
      findings: [
        { kind: 'untagged', repository: '', digest: digest('2') },
        { kind: 'blob', digest: digest('a') },
        { kind: 'blob', digest: digest('b') },
      ],
    });
  });

  it('of 3.x is read, and its layer links are no blobs', () => {
    expect(parseOutput(V3)).toMatchObject({
      manifests: 1,
      blobs: [digest('a')],
      findings: [{ kind: 'untagged', repository: 'team/app', digest: digest('2') }, { kind: 'blob' }],
    });
  });

  it('that is cut off, or that says other numbers than it names, is not trusted', () => {
    expect(parseOutput([])).toBeNull();
    expect(parseOutput(V2.slice(0, 5))).toBeNull();
    expect(parseOutput(V2.slice(0, -1))).toBeNull();
    expect(blobsIn(V2.slice(0, -1))).toEqual([digest('a')]);
  });

  it('names the version', () => {
    expect(majorVersion(['docker-registry github.com/docker/distribution 2.8.2+ds1'])).toBe(2);
    expect(majorVersion(['registry github.com/distribution/distribution/v3 v3.1.1'])).toBe(3);
    expect(majorVersion(['registry github.com/distribution/distribution/v3 (unknown)'])).toBeNull();
  });
});
