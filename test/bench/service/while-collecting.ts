import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, fetch } from 'undici';
import { z } from 'zod';
import { generateStore, USUAL } from '../generate-store.js';
import { median, percentile, timed, type Figure } from '../report.js';
import { inWorld, type World } from './world.js';

const PER_SECOND = 100;
const STRETCH_MS = 8_000;
/** With it a collection of the usual store takes minutes, so that every stretch lies within one. */
const IO_LIMIT = 2_000;
/** Seldom enough to be no load of its own. */
const LOOK_MS = 200;

const agent = new Agent({ connections: 32, pipelining: 1 });
const collectionSchema = z.object({ id: z.string(), state: z.string() });

const body = async (world: World, path: string, post?: object): Promise<unknown> => {
  const response = await fetch(`${world.gateway.url}${path}`, {
    method: post ? 'POST' : 'GET',
    dispatcher: agent,
    headers: { authorization: `Bearer ${world.installation.adminKey}`, 'content-type': 'application/json' },
    ...(post && { body: JSON.stringify(post) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${path} ${response.status} ${JSON.stringify(answer)}`);
  return answer;
};

/** Calls at a steady rate, whether the ones before were answered or not; each one's milliseconds. */
const steadily = async (
  call: (n: number) => Promise<unknown>,
  whileTrue: () => boolean,
): Promise<number[]> => {
  const ms: number[] = [];
  const beganMs = performance.now();
  const open: Promise<unknown>[] = [];
  for (let n = 0; whileTrue() || n < PER_SECOND; n++) {
    await sleep(Math.max(0, beganMs + (n * 1000) / PER_SECOND - performance.now()));
    open.push(timed(() => call(n)).then((each) => ms.push(each)));
  }
  await Promise.all(open);
  return ms;
};

const forMs = (length: number): (() => boolean) => {
  const untilMs = performance.now() + length;
  return () => performance.now() < untilMs;
};

const collect = async (world: World): Promise<void> => {
  const asked = { registry: 'prod', mode: 'dry-run', when: 'now', reason: 'benchmark' };
  const { id } = collectionSchema.parse(await body(world, '/v1/collections', asked));
  for (;;) {
    const { state } = collectionSchema.parse(await body(world, `/v1/collections/${id}`));
    if (state === 'succeeded') return;
    if (state === 'failed') throw new Error(`collection ${id} failed`);
    await sleep(LOOK_MS);
  }
};

/** `call` while nothing else happens, and while collections run one after the other, by turns. */
const compare = async (
  world: World,
  rounds: number,
  call: (n: number) => Promise<unknown>,
): Promise<{ idle: number; busy: number }> => {
  const idle: number[] = [];
  const busy: number[] = [];
  await steadily(call, forMs(STRETCH_MS / 4));
  for (let round = 0; round < rounds; round++) {
    idle.push(percentile(await steadily(call, forMs(STRETCH_MS)), 0.99));
    const isWithin = forMs(STRETCH_MS);
    let isDone = false;
    const collecting = (async () => {
      while (isWithin()) await collect(world);
      isDone = true;
    })();
    busy.push(percentile(await steadily(call, () => isWithin() && !isDone), 0.99));
    await collecting;
  }
  return { idle: median(idle), busy: median(busy) };
};

const ask = (world: World) => (n: number) =>
  n % 4 === 0
    ? body(world, '/v1/deletions?limit=20')
    : body(world, n % 4 === 1 ? '/v1/collections?limit=5' : '/v1/registries');

const manifestSchema = z.object({
  config: z.object({ digest: z.string() }),
  layers: z.array(z.object({ digest: z.string() })),
});

/** A pull of one of the store's images, one after the other: manifest, configuration and a layer of its own. */
const pull = (world: World) => async (n: number) => {
  const r = (n * 37) % USUAL.repositories;
  const of = `${world.registry.url}/v2/team-${r % 25}/app-${r}`;
  const tag = `v${n % (USUAL.deletedEvery - 1)}`;
  const accept = 'application/vnd.docker.distribution.manifest.v2+json';
  const get = (path: string) => fetch(`${of}/${path}`, { dispatcher: agent, headers: { accept } });
  const answer = await get(`manifests/${tag}`);
  if (answer.status !== 200) throw new Error(`${of}:${tag} ${answer.status}`);
  const { config, layers } = manifestSchema.parse(await answer.json());
  for (const digest of [config.digest, layers.at(-1)?.digest ?? '']) {
    const blob = await get(`blobs/${digest}`);
    await blob.arrayBuffer();
    if (blob.status !== 200) throw new Error(`${of}@${digest} ${blob.status}`);
  }
};

const withStore =
  (collection: object) =>
  (storageDir: string): Record<string, unknown> => {
    generateStore(storageDir, USUAL);
    return {
      storage: { filesystem: storageDir },
      collection: { engine: 'sexton', automatic: false, grace: '1s', ...collection },
    };
  };

const figure = (
  measured: string,
  { idle, busy }: { readonly idle: number; readonly busy: number },
  times: number,
): Figure => ({
  measured,
  unit: 'ms',
  sexton: busy,
  peer: { name: 'while nothing runs', value: idle },
  aim: `at most ${times} times`,
  met: busy <= times * idle,
  notes: `${(busy / idle).toFixed(2)} times, ${PER_SECOND} a second`,
});

/** What a collection costs those who ask meanwhile: Sexton's API, and, with an I/O limit, the registry's pulls. */
export const whileCollecting = async (rounds: number): Promise<Figure[]> => {
  const api = await inWorld((world) => compare(world, rounds, ask(world)), { fill: withStore({}) });
  const pulls = await inWorld((world) => compare(world, rounds, pull(world)), {
    fill: withStore({ ioLimit: IO_LIMIT }),
  });
  return [
    figure('p99 of the API while a collection runs', api, 2),
    figure(`p99 of a pull while a collection runs with ioLimit ${IO_LIMIT}`, pulls, 1.5),
  ];
};
