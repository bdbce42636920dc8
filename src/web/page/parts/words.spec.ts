import { describe, expect, it } from 'vitest';
import { agoInWords, bytesInWords, counted, durationInWords, shortDigest, shortName } from './words.js';

describe('in words', () => {
  it.each([
    [0, '0 B'],
    [1023, '1,023 B'],
    [1024, '1 KiB'],
    [52_428_800, '50 MiB'],
    [73_014_444_032, '68 GiB'],
    [1_610_612_736, '1.5 GiB'],
    [2 ** 65, '32,768 PiB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(bytesInWords(bytes)).toBe(text);
  });

  it.each([
    ['2026-11-28T11:59:55Z', 'just now'],
    ['2026-11-28T11:58:00Z', '2 minutes ago'],
    ['2026-11-28T09:00:00Z', '3 hours ago'],
    ['2026-11-27T12:00:00Z', 'yesterday'],
    ['2026-11-29T13:00:00Z', 'tomorrow'],
    ['2026-10-01T13:00:00Z', '2026-10-01'],
  ])('%s is %s', (iso, text) => {
    expect(agoInWords(iso, Date.parse('2026-11-28T12:00:00Z'))).toBe(text);
  });

  it('counts, shortens and measures', () => {
    expect([counted(1, 'tag'), counted(1200, 'tag'), counted(2, 'entry', 'entries')]).toEqual([
      '1 tag',
      '1,200 tags',
      '2 entries',
    ]);
    expect(shortDigest(`sha256:${'ab'.repeat(32)}`)).toBe('sha256:abababababab');
    expect(shortDigest('v1.0')).toBe('v1.0');
    expect(shortName('v1.0')).toBe('v1.0');
    expect(shortName(`sha256-${'ab'.repeat(32)}.sig`)).toBe('sha256-abababababa…ababab.sig');
    expect([durationInWords(0.4), durationInWords(410), durationInWords(7500)]).toEqual([
      '1 s',
      '7 min',
      '2 h 5 min',
    ]);
  });
});
