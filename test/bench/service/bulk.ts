import { spawnSync } from 'node:child_process';
import pLimit from 'p-limit';
import { median, timed, type Figure } from '../report.js';
import { ask, deleteBare, untilGone } from './client.js';
import { fillRegistry } from './fill.js';
import { inWorld, type World } from './world.js';

/** As many repositories at a time as Sexton works on; both sides have it. */
const CONCURRENCY = 8;

const throughSexton = async (world: World, images: Map<string, string[]>): Promise<void> => {
  await Promise.all(
    [...images].map(async ([repository, tags]) => untilGone(world, await ask(world, repository, tags))),
  );
};

const bare = async (world: World, images: Map<string, string[]>): Promise<void> => {
  const limit = pLimit(CONCURRENCY);
  await Promise.all(
    [...images].map(([repository, tags]) => limit(() => deleteBare(world, repository, tags))),
  );
};

const skopeo = async (world: World, images: Map<string, string[]>): Promise<void> => {
  const host = new URL(world.registry.url).host;
  for (const [repository, tags] of images) {
    for (const tag of tags) {
      const run = spawnSync('skopeo', [
        'delete',
        '--tls-verify=false',
        `docker://${host}/${repository}:${tag}`,
      ]);
      if (run.status !== 0) throw new Error(String(run.stderr));
    }
  }
};

/** Many repositories: Sexton with plan, sibling check, tombstone and verification, beside who does none of these. */
export const bulk = (rounds: number): Promise<Figure[]> =>
  inWorld(
    async (world) => {
      const shape = { repositories: 50, tags: 20 };
      const times = { sexton: [] as number[], bare: [] as number[], skopeo: [] as number[] };
      for (let round = 0; round < rounds; round++) {
        const fill = (who: string) => fillRegistry(world.registry.storageDir, `${who}-${round}`, shape);
        const images = { sexton: fill('sexton'), bare: fill('bare'), skopeo: fill('skopeo') };
        times.bare.push(await timed(() => bare(world, images.bare)));
        times.sexton.push(await timed(() => throughSexton(world, images.sexton)));
        times.skopeo.push(await timed(() => skopeo(world, images.skopeo)));
      }
      const sexton = median(times.sexton) / 1000;
      const limit = median(times.bare) / 1000;
      const oneByOne = median(times.skopeo) / 1000;
      const measured = '1,000 images of 50 repositories, from the first POST to the last verified outcome';
      return [
        {
          measured,
          unit: 's',
          sexton,
          peer: { name: 'bare HEAD and DELETE, as many at a time', value: limit },
          aim: 'at most 1.5 times',
          met: sexton <= 1.5 * limit,
          notes: `${(sexton / limit).toFixed(2)} times the bare loop`,
        },
        {
          measured,
          unit: 's',
          sexton,
          peer: { name: 'skopeo delete, one by one', value: oneByOne },
          aim: 'at least 5 times as fast',
          met: oneByOne >= 5 * sexton,
          notes: `${(oneByOne / sexton).toFixed(1)} times as fast`,
        },
      ];
    },
    { registry: { maxConcurrentRepositories: CONCURRENCY } },
  );
