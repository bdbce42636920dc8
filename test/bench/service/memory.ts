import { median, type Figure } from '../report.js';
import { ask, untilGone } from './client.js';
import { fillRegistry } from './fill.js';
import { residentMb } from './start.js';
import { inWorld, type World } from './world.js';

/** Deletions of a day, replayed fast, in parts after each of which the memory is read. */
const PARTS = 12;
const DELETIONS_A_PART = 200;
const TAGS = 2;

const part = async (world: World, name: string): Promise<void> => {
  const images = fillRegistry(world.registry.storageDir, name, {
    repositories: DELETIONS_A_PART,
    tags: TAGS,
  });
  await Promise.all(
    [...images].map(async ([repository, tags]) => untilGone(world, await ask(world, repository, tags))),
  );
};

const slopeOf = (values: readonly number[]): number => {
  const half = values.length >> 1;
  return median(values.slice(half)) - median(values.slice(0, half));
};

const heapUsed = async (world: World): Promise<number> => {
  const text = await (await fetch(`${world.gateway.url}/metrics`)).text();
  return Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(text)?.[1]) / 1e6;
};

/** Resident memory under a steady load, and whether it grows. */
export const memory = (): Promise<Figure[]> =>
  inWorld(
    async (world) => {
      const resident: number[] = [];
      const heap: number[] = [];
      await part(world, 'warm');
      for (let n = 0; n < PARTS; n++) {
        await part(world, `part-${n}`);
        resident.push(residentMb(world.gateway.server.child.pid));
        heap.push(await heapUsed(world));
      }
      const most = Math.max(...resident);
      const growth = slopeOf(heap);
      return [
        {
          measured: `resident memory over ${PARTS * DELETIONS_A_PART} deletions, --role all without PostgreSQL`,
          unit: 'MB',
          sexton: most,
          peer: { name: 'the limit', value: 200 },
          aim: 'at most 200 MB',
          met: most <= 200,
          notes: `the heap's median grew by ${growth.toFixed(1)} MB from the first half to the second`,
        },
      ];
    },
    { nodeOptions: '--max-semi-space-size=2' },
  );
