import { describe, expect, it } from 'vitest';
import { Batches } from './batches.js';

/** What was run, and how to end each run. */
const setUp = ({ mostUnderWay = 1, largest = 10 } = {}) => {
  const runs: { batch: readonly string[]; end: () => void; fail: (error: Error) => void }[] = [];
  const batches = new Batches<string, string>(
    (batch) =>
      new Promise((resolve, reject) => {
        runs.push({ batch, end: () => resolve(batch.map((one) => `${one}!`)), fail: reject });
      }),
    { mostUnderWay, largest },
  );
  const ask = (...all: string[]) => Promise.allSettled(all.map((one) => batches.ask(one)));
  return { runs, batches, ask, ran: () => runs.map(({ batch }) => batch.join('')) };
};

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('what is asked for at one moment', () => {
  it('is done together, and each is answered with its own', async () => {
    const { runs, batches, ran } = setUp();
    const answers = ['a', 'b', 'c'].map((one) => batches.ask(one));
    await turn();
    expect(ran()).toEqual(['abc']);
    runs[0]?.end();
    expect(await Promise.all(answers)).toEqual(['a!', 'b!', 'c!']);
  });

  it('never joins a batch that has begun: it goes with the next', async () => {
    const { runs, ask, ran } = setUp();
    void ask('a');
    await turn();
    const late = ask('a', 'b');
    await turn();
    expect(ran()).toEqual(['a']);
    runs[0]?.end();
    await turn();
    await turn();
    expect(ran()).toEqual(['a', 'ab']);
    runs[1]?.end();
    expect(await late).toMatchObject([{ value: 'a!' }, { value: 'b!' }]);
  });

  it('is not held up by a batch that hangs, as long as another may go', async () => {
    const { runs, ask, ran } = setUp({ mostUnderWay: 2 });
    void ask('hangs');
    await turn();
    const next = ask('a');
    await turn();
    expect(ran()).toEqual(['hangs', 'a']);
    runs[1]?.end();
    expect(await next).toMatchObject([{ value: 'a!' }]);
    void ask('b');
    await turn();
    await turn();
    expect(ran()).toEqual(['hangs', 'a', 'b']);
  });

  it('goes in pieces where it is more than the largest batch', async () => {
    const { runs, ask, ran } = setUp({ mostUnderWay: 2, largest: 2 });
    const all = ask('a', 'b', 'c', 'd', 'e');
    for (let n = 0; n < 4; n += 1) await turn();
    expect(ran()).toEqual(['ab', 'cd']);
    for (const { end } of runs) end();
    for (let n = 0; n < 2; n += 1) await turn();
    runs[2]?.end();
    expect(await all).toHaveLength(5);
    expect(ran()).toEqual(['ab', 'cd', 'e']);
  });

  it('fails together, and what comes afterwards is done all the same', async () => {
    const { runs, ask } = setUp();
    const failing = ask('a', 'b');
    await turn();
    runs[0]?.fail(new Error('away'));
    expect(await failing).toMatchObject([{ reason: { message: 'away' } }, { reason: { message: 'away' } }]);
    const next = ask('c');
    await turn();
    runs[1]?.end();
    expect(await next).toMatchObject([{ value: 'c!' }]);
  });

  it('can be answered one by one', async () => {
    const batches = new Batches<number, number>(
      async (batch) => batch.map((one) => (one === 2 ? Promise.reject(new Error('two')) : one * 10)),
      { mostUnderWay: 1, largest: 10 },
    );
    const answers = await Promise.allSettled([1, 2, 3].map((one) => batches.ask(one)));
    expect(answers).toMatchObject([{ value: 10 }, { reason: { message: 'two' } }, { value: 30 }]);
  });
});
