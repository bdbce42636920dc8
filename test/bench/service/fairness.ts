import { median, timed, type Figure } from '../report.js';
import { startRegistryProxy } from '../../support/registry-proxy.js';
import { startRegistry } from '../../../tools/registry-server.js';
import { ask, untilGone } from './client.js';
import { fillRegistry } from './fill.js';
import { inWorld, type World } from './world.js';

const HEALTHY = 49;
const SLOW_MS = 30_000;

/** Repositories whose registry answers at once, with and without one whose registry takes half a minute a request. */
export const fairness = async (rounds: number): Promise<Figure[]> => {
  const registry = await startRegistry();
  const proxy = await startRegistryProxy(registry.url);
  const waiting = new Set<() => void>();
  proxy.interfere(async ({ path }) => {
    if (!path.includes('/slow-')) return null;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, SLOW_MS);
      waiting.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    return null;
  });
  const run = async (world: World, name: string, withSlow: boolean): Promise<number> => {
    const healthy = fillRegistry(registry.storageDir, name, { repositories: HEALTHY, tags: 4 });
    const slow = fillRegistry(registry.storageDir, `slow-${name}`, { repositories: 1, tags: 4 });
    if (withSlow) for (const [repository, tags] of slow) await ask(world, repository, tags);
    return timed(() =>
      Promise.all(
        [...healthy].map(async ([repository, tags]) => untilGone(world, await ask(world, repository, tags))),
      ),
    );
  };
  try {
    return await inWorld(
      async (world) => {
        const times = { alone: [] as number[], beside: [] as number[] };
        await run(world, 'warm', false);
        for (let round = 0; round < rounds; round++) {
          times.alone.push(await run(world, `alone-${round}`, false));
          times.beside.push(await run(world, `beside-${round}`, true));
        }
        for (const stop of waiting) stop();
        const [alone, beside] = [median(times.alone) / 1000, median(times.beside) / 1000];
        return [
          {
            measured: `${HEALTHY} healthy repositories beside one that is answered after 30 s`,
            unit: 's',
            sexton: beside,
            peer: { name: 'the same without the slow one', value: alone },
            aim: 'at most 1.05 times',
            met: beside <= 1.05 * alone,
            notes: `${(beside / alone).toFixed(3)} times`,
          },
        ];
      },
      { registryUrl: () => proxy.url, registry: { timeouts: { request: '60s' } } },
    );
  } finally {
    await proxy.stop();
    await registry.stop();
  }
};
