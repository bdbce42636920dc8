import { expect, it } from 'vitest';
import { parseRegistryName, parseRepositoryName } from '../oci/names.js';
import { BullWakeUpQueue, type OpenQueue } from './bullmq-queue.js';

const WAKE_UP = {
  kind: 'plan',
  registry: parseRegistryName('prod'),
  repository: parseRepositoryName('team-a/app'),
} as const;

it('says goodbye to its store only once what is being rung has been rung', async () => {
  const told: string[] = [];
  let taken = (): void => undefined;
  const store: OpenQueue = {
    add: () => new Promise<void>((resolve) => (taken = resolve)),
    getJobCounts: async () => ({}),
    on: () => undefined,
    close: async () => void told.push('closed'),
  };
  const queue = new BullWakeUpQueue(
    {
      openQueue: () => store,
      openWorker: () => ({ on: () => undefined, close: async () => undefined }),
      check: async () => undefined,
      close: async () => undefined,
    },
    () => undefined,
  );
  const ringing = queue.ring(WAKE_UP).then(() => told.push('rung'));
  const closing = queue.close();
  // All else that closing waits for is over within a turn.
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual([]);
  taken();
  await Promise.all([ringing, closing]);
  expect(told).toEqual(['rung', 'closed']);
});
