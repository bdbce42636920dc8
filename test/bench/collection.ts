import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { registryBinary } from '../../tools/registry-server.js';
import { generateStore, USUAL, type StoreShape } from './generate-store.js';
import { median, type Figure } from './report.js';

const SEXTON = fileURLToPath(new URL('../../bin/sexton.mjs', import.meta.url));
const PEAK = fileURLToPath(new URL('./peak-memory.mjs', import.meta.url));
const BARE = fileURLToPath(new URL('./bare-reads.mjs', import.meta.url));

interface Run {
  readonly seconds: number;
  /** Of Sexton's process; 0 for others. */
  readonly peakMb: number;
}

/** A whole process with its start-up. */
const run = (command: string, args: readonly string[]): Run => {
  const beganMs = performance.now();
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 30 });
  const seconds = (performance.now() - beganMs) / 1000;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${status} ${stderr.slice(-500)}`);
  return { seconds, peakMb: Number(/^peak (\d+) KiB$/m.exec(stderr)?.[1] ?? 0) / 1024 };
};

const sexton = (store: string, command: string, ...options: string[]): Run =>
  run(process.execPath, ['--import', PEAK, SEXTON, 'storage', command, '--storage', store, ...options]);

/** A copy by hard links: both collectors remove names, and neither writes into a blob. */
const linkedCopy = (store: string, to: string): string => {
  const copied = spawnSync('cp', ['-al', store, to]);
  if (copied.status !== 0) cpSync(store, to, { recursive: true });
  return to;
};

const registryConfig = (home: string, store: string): string => {
  const path = join(home, 'config.yml');
  const lines = [
    'version: 0.1',
    `storage: { filesystem: { rootdirectory: ${store} }, delete: { enabled: true } }`,
    'http: { addr: 127.0.0.1:0 }',
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
};

const figuresOf = (rounds: number, shape: StoreShape): Figure[] => {
  const binary = registryBinary();
  if (binary === null) throw new Error('no docker-registry on PATH');
  const home = mkdtempSync(join(tmpdir(), 'sexton-bench-'));
  try {
    const store = join(home, 'store');
    mkdirSync(store);
    const { blobs } = generateStore(store, shape);
    const cache = join(home, 'references');
    const collector = (at: string, ...flags: string[]): Run =>
      run(binary, ['garbage-collect', ...flags, registryConfig(home, at)]);
    const dry = { first: [] as Run[], second: [] as Run[], registry: [] as Run[], bare: [] as Run[] };
    const real = { sexton: [] as Run[], registry: [] as Run[] };
    for (let round = 0; round < rounds; round++) {
      rmSync(cache, { force: true });
      dry.registry.push(collector(store, '--dry-run'));
      dry.bare.push(run(process.execPath, [BARE, store]));
      dry.first.push(sexton(store, 'collect', '--dry-run', '--grace', '0s', '--cache', cache));
      dry.second.push(sexton(store, 'collect', '--dry-run', '--grace', '0s', '--cache', cache));
      const [forRegistry, forSexton] = [join(home, 'registry'), join(home, 'sexton')];
      real.registry.push(collector(linkedCopy(store, forRegistry)));
      real.sexton.push(sexton(linkedCopy(store, forSexton), 'collect', '--grace', '0s', '--no-cache'));
      for (const copy of [forRegistry, forSexton]) rmSync(copy, { recursive: true });
    }
    const seconds = (runs: readonly Run[]): number => median(runs.map((one) => one.seconds));
    const figure = (
      measured: string,
      ours: readonly Run[],
      theirs: readonly Run[],
      times: number,
      more = '',
    ): Figure => ({
      measured: `${measured}, ${blobs} blobs`,
      unit: 's',
      sexton: seconds(ours),
      peer: { name: 'docker-registry garbage-collect', value: seconds(theirs) },
      aim: `at least ${times} times as fast`,
      met: seconds(theirs) >= times * seconds(ours),
      notes: `${(seconds(theirs) / seconds(ours)).toFixed(1)} times as fast${more}`,
    });
    const alone = seconds(dry.bare).toFixed(2);
    const peakMb = Math.max(...[...dry.first, ...dry.second, ...real.sexton].map((one) => one.peakMb));
    return [
      figure('dry run', dry.first, dry.registry, 6, `; the reads alone take Node.js ${alone} s`),
      figure('second dry run', dry.second, dry.registry, 10),
      figure('sweep into quarantine, or deletion', real.sexton, real.registry, 3),
      {
        measured: `peak memory, ${blobs} blobs`,
        unit: 'MiB',
        sexton: peakMb,
        peer: { name: 'the limit', value: 150 },
        aim: 'under 150 MiB',
        met: peakMb < 150,
      },
    ];
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};

/** Garbage collection of a generated store, beside the registry's own on the same tree. */
export const collection = async (rounds: number): Promise<Figure[]> => figuresOf(rounds, USUAL);

const TIMES = 10;

/** The same at ten times the size: what each further blob costs. */
export const collectionAtTenTimes = async (rounds: number): Promise<Figure[]> => {
  const home = mkdtempSync(join(tmpdir(), 'sexton-bench-'));
  try {
    const measure = (name: string, shape: StoreShape) => {
      const store = join(home, name);
      mkdirSync(store);
      const { blobs } = generateStore(store, shape);
      const runs = Array.from({ length: rounds }, () =>
        sexton(store, 'collect', '--dry-run', '--grace', '0s', '--no-cache'),
      );
      return {
        blobs,
        seconds: median(runs.map((one) => one.seconds)),
        peakMb: median(runs.map((one) => one.peakMb)),
      };
    };
    const once = measure('once', USUAL);
    const more = measure('more', { ...USUAL, repositories: USUAL.repositories * TIMES });
    const perBlob = ((more.peakMb - once.peakMb) * 2 ** 20) / (more.blobs - once.blobs);
    return [
      {
        measured: `memory of each further blob, from ${once.blobs} to ${more.blobs}`,
        unit: 'bytes',
        sexton: perBlob,
        peer: { name: 'the limit', value: 100 },
        aim: 'under 100 bytes',
        met: perBlob < 100,
        notes: `peaks of ${once.peakMb.toFixed(0)} and ${more.peakMb.toFixed(0)} MiB`,
      },
      {
        measured: `dry run of ${more.blobs} blobs`,
        unit: 's',
        sexton: more.seconds,
        peer: { name: `${TIMES} times that of ${once.blobs}`, value: TIMES * once.seconds },
        aim: 'no faster than the store grows',
        met: more.seconds <= TIMES * once.seconds,
      },
    ];
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};
