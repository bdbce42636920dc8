import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, type Figure } from '../report.js';
import { ask, untilGone } from './client.js';
import { fillRegistry } from './fill.js';
import { residentMb } from './start.js';
import { inWorld, type World } from './world.js';

const PRELOAD = new URL('../heap-after-gc.mjs', import.meta.url).href;

/** Without it V8 collects rarely, and lets a heap of 65 MB grow to three times that while nothing asks for the memory. */
const LIMITS = '--max-old-space-size=192 --max-semi-space-size=4';

/** Deletions of a day, replayed fast, in parts after each of which the memory is read. */
const PARTS = 12;
const DELETIONS_A_PART = 200;
const TAGS = 2;

const part = async (world: World, name: string): Promise<void> => {
  const images = fillRegistry(world.registry.storageDir, name, {
    repositories: DELETIONS_A_PART,
    tags: TAGS,
  });
  // Filling holds this thread: timers first, so that the client drops connections that were closed meanwhile.
  await sleep(10);
  await Promise.all(
    [...images].map(async ([repository, tags]) => untilGone(world, await ask(world, repository, tags))),
  );
};

const slopeOf = (values: readonly number[]): number => {
  const half = values.length >> 1;
  return median(values.slice(half)) - median(values.slice(0, half));
};

/** What the process's heap holds after a garbage collection, in MB of 10^6 bytes. */
const heapAfterGc = async (world: World, path: string): Promise<number> => {
  rmSync(path, { force: true });
  world.gateway.server.child.kill('SIGUSR2');
  while (!existsSync(path)) await sleep(10);
  return Number(readFileSync(path, 'utf8')) / 1e6;
};

/** Resident memory under a steady load, and whether the heap grows. */
export const memory = (): Promise<Figure[]> => {
  const path = join(tmpdir(), `sexton-bench-heap-${process.pid}`);
  return inWorld(
    async (world) => {
      const resident: number[] = [];
      const heap: number[] = [];
      await part(world, 'warm');
      for (let n = 0; n < PARTS; n++) {
        await part(world, `part-${n}`);
        resident.push(residentMb(world.gateway.server.child.pid));
        heap.push(await heapAfterGc(world, path));
      }
      const most = Math.max(...resident);
      const growth = slopeOf(heap);
      rmSync(path, { force: true });
      return [
        {
          measured: `resident memory over ${PARTS * DELETIONS_A_PART} deletions, --role all without PostgreSQL`,
          unit: 'MB',
          sexton: most,
          peer: { name: 'the limit', value: 200 },
          aim: 'at most 200 MB',
          met: most <= 200,
          notes: `with NODE_OPTIONS='${LIMITS}'`,
        },
        {
          measured: 'heap after garbage collection: growth from the first half to the second',
          unit: 'MB',
          sexton: growth,
          peer: { name: 'its median in the first half', value: median(heap.slice(0, heap.length >> 1)) },
          aim: 'flat: under 2 %',
          met: growth <= 0.02 * median(heap),
          notes: `after each part: ${heap.map((mb) => mb.toFixed(1)).join(', ')} MB`,
        },
      ];
    },
    { nodeOptions: `--import ${PRELOAD} ${LIMITS}`, env: { SEXTON_BENCH_HEAP: path } },
  );
};
