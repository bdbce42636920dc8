import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packDigests, recognizeDigest, unpackDigests } from '../../src/collections/engine/digest-key.js';
import { timesParts } from '../../src/collections/engine/scan-parts.js';
import type { TimesRequest } from '../../src/collections/engine/scanner.js';

const hashed = (n: number, algorithm: 'sha256' | 'sha512'): string =>
  `${algorithm}:${createHash(algorithm).update(String(n)).digest('hex')}`;

/** Every file that a request names, in its order. */
const filesOf = ({ runs, digests }: TimesRequest): string[] => {
  const named = unpackDigests(digests);
  const files = runs.flatMap(({ repository, count }) =>
    named.splice(0, count).map((digest) => `${repository} ${digest}`),
  );
  expect(named).toEqual([]);
  return files;
};

describe('a request for times', () => {
  it('is the same in parts, none of which is larger than it may be', () => {
    const run = fc.record({
      repository: fc.constantFrom(null, 'a', 'b'),
      count: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(run), fc.integer({ min: 1, max: 7 }), (runs, size) => {
        const count = runs.reduce((sum, each) => sum + each.count, 0);
        const digests = Array.from({ length: count }, (_, n) =>
          recognizeDigest(hashed(n, n % 5 === 3 ? 'sha512' : 'sha256')),
        );
        const request = { runs, digests: packDigests(digests.filter((digest) => digest !== null)) };
        const parts = timesParts(request, size);
        expect(parts.flatMap(filesOf)).toEqual(filesOf(request));
        for (const part of parts) expect(filesOf(part).length).toBeLessThanOrEqual(size);
      }),
    );
  });
});
