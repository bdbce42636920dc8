import { expect, it } from 'vitest';
import { digestOf } from '../oci/digest.js';
import { goneDigests } from './gone.js';

const digest = (content: string) => digestOf(Buffer.from(content));

it('is each manifest that went or was not there, and nothing that a tag says about its own', () => {
  const targets = [
    { kind: 'manifest', digest: digest('deleted') },
    { kind: 'manifest', digest: digest('absent') },
    { kind: 'manifest', digest: digest('refused') },
    { kind: 'manifest', digest: digest('to come') },
    { kind: 'tag', digest: digest('of a tag that was gone') },
    { kind: 'tag', digest: digest('of a tag that went') },
  ] as const;
  const outcomes = ['deleted', 'already_absent', 'refused', null, 'already_absent', 'untagged'] as const;
  const results = outcomes.map((outcome) => ({ outcome }));
  expect([...goneDigests(targets, results)]).toEqual([digest('deleted'), digest('absent')]);
});
