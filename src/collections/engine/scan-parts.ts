import { KEY_WORDS, type PackedDigests } from './digest-key.js';
import type { TimesRequest, TimesRun } from './scanner.js';

/** Digests that have a text of their own stay together with all of it: there are few. */
export const packedParts = ({ words, wide }: PackedDigests, size: number): PackedDigests[] => {
  const parts: PackedDigests[] = [];
  for (let i = 0; i < words.length; i += size * KEY_WORDS) {
    parts.push({ words: words.slice(i, i + size * KEY_WORDS), wide });
  }
  return parts;
};

/** The request in parts of at most `size` files. */
export const timesParts = ({ runs, digests }: TimesRequest, size: number): TimesRequest[] => {
  const parts: { readonly runs: TimesRun[]; readonly digests: PackedDigests }[] = [];
  const packed = packedParts(digests, size);
  let room = 0;
  for (const { repository, count } of runs) {
    for (let left = count; left > 0;) {
      if (room === 0) {
        parts.push({ runs: [], digests: packed[parts.length] ?? digests });
        room = size;
      }
      const taken = Math.min(left, room);
      parts.at(-1)?.runs.push({ repository, count: taken });
      room -= taken;
      left -= taken;
    }
  }
  return parts;
};
