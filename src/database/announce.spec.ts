import { expect, it } from 'vitest';
import { Announcer } from './announce.js';

/** A pool whose statements wait until they are let through, or fail. */
const startPool = () => {
  const sent: string[][] = [];
  let heard = (): void => undefined;
  let settle: { readonly resolve: () => void; readonly reject: (error: Error) => void } | null = null;
  return {
    sent,
    settle: () => settle,
    query: (async (_text: string, [, ids]: [string, string[]]) => {
      sent.push(ids);
      heard();
      await new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
    }) as never,
    next: () => new Promise<void>((resolve) => (heard = resolve)),
  };
};

it('announces the first change at once, and what changes until the gap is over together, each once', async () => {
  const pool = startPool();
  const announcer = new Announcer(pool);
  announcer.add(['one']);
  expect(pool.sent).toEqual([['one']]);
  announcer.add(['two', 'three']);
  announcer.add(['two']);
  const next = pool.next();
  pool.settle()?.resolve();
  await next;
  expect(pool.sent).toEqual([['one'], ['two', 'three']]);
});

it('goes on after a statement that failed', async () => {
  const pool = startPool();
  const announcer = new Announcer(pool);
  announcer.add(['lost']);
  announcer.add(['later']);
  const next = pool.next();
  pool.settle()?.reject(new Error('the database is away'));
  await next;
  expect(pool.sent.at(-1)).toEqual(['later']);
});
