import { median, timed, type Figure } from '../report.js';
import { ask, deleteBare, untilGone } from './client.js';
import { fillRegistry } from './fill.js';
import { inWorld } from './world.js';

const TAGS = 5_000;
const STAY = 100;

/** One repository of thousands of tags, nearly all of which go: the registry reads every tag link at each delete. */
export const bigRepository = (rounds: number): Promise<Figure[]> =>
  inWorld(async (world) => {
    const times = { sexton: [] as number[], bare: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      const fill = (who: string) =>
        [...fillRegistry(world.registry.storageDir, `${who}-${round}`, { repositories: 1, tags: TAGS })].map(
          ([repository, tags]) => [repository, tags.slice(STAY)] as const,
        );
      const images = { bare: fill('big-bare'), sexton: fill('big-sexton') };
      for (const [repository, tags] of images.bare) {
        times.bare.push(await timed(() => deleteBare(world, repository, tags)));
      }
      for (const [repository, tags] of images.sexton) {
        times.sexton.push(
          await timed(async () => {
            const ids: string[] = [];
            for (let i = 0; i < tags.length; i += 1000) {
              ids.push(await ask(world, repository, tags.slice(i, i + 1000)));
            }
            for (const id of ids) await untilGone(world, id);
          }),
        );
      }
    }
    const [sexton, bare] = [median(times.sexton) / 1000, median(times.bare) / 1000];
    return [
      {
        measured: `${TAGS - STAY} of ${TAGS} tags of one repository`,
        unit: 's',
        sexton,
        peer: { name: 'bare HEAD and DELETE, one after the other', value: bare },
        aim: 'at most 1.5 times',
        met: sexton <= 1.5 * bare,
        notes: `${(sexton / bare).toFixed(2)} times the bare loop`,
      },
    ];
  });
