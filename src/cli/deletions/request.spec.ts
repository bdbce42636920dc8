import { describe, expect, it } from 'vitest';
import { CommandError } from '../exit-codes.js';
import { askOptionsSchema, deletionRequest } from './request.js';

const DIGEST = `sha256:${'a'.repeat(64)}`;

const requestOf = (images: readonly string[], options: object = {}) =>
  deletionRequest(images, askOptionsSchema.parse({ reason: 'why', label: [], ...options }));

describe('the request of a command line', () => {
  it('is of one repository, its tags and digests in their order and each once', () => {
    expect(requestOf(['prod/team-a/app:v1', `prod/team-a/app@${DIGEST}`, 'prod/team-a/app:v1'])).toEqual({
      registry: 'prod',
      repository: 'team-a/app',
      references: ['v1', DIGEST],
      reason: 'why',
      dryRun: false,
      labels: {},
    });
  });

  it('has rules in place of tags', () => {
    const options = { tags: 'rc-*', olderThan: '30d', keepNewest: 5, untagged: true, label: ['a=b=c'] };
    expect(requestOf(['prod/app'], options)).toMatchObject({
      selector: { tags: 'rc-*', olderThan: '30d', keepNewest: 5, untagged: true },
      labels: { a: 'b=c' },
    });
    expect(requestOf(['prod/app'], options)).not.toHaveProperty('references');
  });

  it('is of everything only when that is said', () => {
    expect(requestOf(['prod/app'], { wholeRepository: true })).toMatchObject({ wholeRepository: true });
  });

  // TRAPS 12, 13, 15: what could mean something else must never be sent.
  it.each([
    ['nothing', []],
    ['an empty text', ['']],
    ['an empty tag', ['prod/app:']],
    ['an empty digest', ['prod/app@']],
    ['no tag at all', ['prod/app']],
    ['an empty repository', ['prod/:v1']],
    ['an empty registry', ['/app:v1']],
    ['an empty path segment', ['prod//app:v1']],
    ['a trailing slash', ['prod/app/']],
    ['no registry', ['app:v1']],
    ['a host', ['registry.internal:5000/app:v1']],
    ['an address', ['https://prod/app:v1']],
    ['a path that climbs', ['prod/../app:v1']],
    ['an encoded path', ['prod/%2e%2e/app:v1']],
    ['an upper-case name', ['prod/App:v1']],
    ['half a digest', ['prod/app@sha256:abc']],
    ['a digest as a tag', [`prod/app:${DIGEST}`]],
    ['a tag as a digest', ['prod/app@v1']],
    ['a tag and a digest', [`prod/app:v1@${DIGEST}`]],
    ['a line break', ['prod/app:v1\n']],
    ['two repositories', ['prod/app:v1', 'prod/other:v1']],
    ['two registries', ['prod/app:v1', 'test/app:v1']],
    ['one with and one without a tag', ['prod/app:v1', 'prod/app']],
  ])('is refused: %s', (_what, images) => {
    expect(() => requestOf(images)).toThrow(CommandError);
  });

  it.each([
    ['a tag and a rule', ['prod/app:v1'], { tags: 'v*' }],
    ['a tag and everything', ['prod/app:v1'], { wholeRepository: true }],
    ['a rule and everything', ['prod/app'], { tags: 'v*', wholeRepository: true }],
    ['a label without a value', ['prod/app:v1'], { label: ['campaign'] }],
  ])('is refused: %s', (_what, images, options) => {
    expect(() => requestOf(images, options)).toThrow(CommandError);
  });

  it('sends an empty rule on as it is, for the server to refuse, and never drops it', () => {
    expect(requestOf(['prod/app'], { tags: '', olderThan: '30d' })).toMatchObject({
      selector: { tags: '', olderThan: '30d' },
    });
  });
});
