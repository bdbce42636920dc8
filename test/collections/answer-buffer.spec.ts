import { describe, expect, it } from 'vitest';
import { gather } from '../../src/collections/engine/answer-buffer.js';

const anAnswer = (numbers: number) => [
  {
    repository: 'team/app',
    layers: { words: Int32Array.from({ length: numbers }, (_, i) => -i), wide: ['sha512:ab'] },
    timesMs: Float64Array.of(1.5, NaN, Infinity),
    faults: [{ path: 'a', undecided: null }],
  },
  {
    repository: 'other',
    layers: { words: new Int32Array(), wide: [] },
    timesMs: new Float64Array(),
    faults: [],
  },
];

describe('the arrays of an answer', () => {
  it('are all in one buffer, which is the spare one where that has room', () => {
    const answer = anAnswer(9);
    const { answer: first, buffer } = gather(answer, null);
    expect(first).toEqual(answer);
    for (const { layers, timesMs } of first) {
      expect(layers.words.buffer).toBe(buffer);
      expect(timesMs.buffer).toBe(buffer);
    }
    const { answer: second, buffer: again } = gather(anAnswer(77), buffer);
    expect(again).toBe(buffer);
    expect(second).toEqual(anAnswer(77));
  });

  it('take a larger buffer where the spare one is too small', () => {
    const { answer, buffer } = gather(anAnswer(50_000), new ArrayBuffer(64));
    expect(answer).toEqual(anAnswer(50_000));
    expect(buffer.byteLength).toBeGreaterThan(200_000);
  });

  it('of which there are none, need none', () => {
    expect(gather([{ faults: [] }], null).answer).toEqual([{ faults: [] }]);
  });
});
