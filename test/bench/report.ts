import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { dirname } from 'node:path';

const PRETTIER = 'node_modules/prettier/bin/prettier.cjs';

/** One row of the table: a figure beside its peer's, from the same run. */
export interface Figure {
  readonly measured: string;
  readonly unit: string;
  readonly sexton: number;
  /** What it is held against; null where the limit is a number. */
  readonly peer: { readonly name: string; readonly value: number };
  readonly aim: string;
  readonly met: boolean;
  readonly notes?: string;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[(sorted.length - 1) >> 1] ?? NaN, sorted[middle] ?? NaN];
  return (low + high) / 2;
};

/** The share `p` (0 to 1) of values is not above it. */
export const percentile = (values: readonly number[], p: number): number =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(values.length * p) - 1)] ?? NaN;

/** How long `work` took, in milliseconds. */
export const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
};

const round = (value: number): number => Number(value.toPrecision(4));

const machine = () => ({
  cores: cpus().length,
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  node: process.version,
  loadBefore: round(loadavg()[0] ?? 0),
});

/** Replaces the figures of this kind in the JSON, and writes the table anew. */
export const writeFigures = (kind: string, figures: readonly Figure[]): void => {
  const path = 'docs/benchmarks.json';
  mkdirSync(dirname(path), { recursive: true });
  const before = readJson(path);
  const all = {
    ...before,
    [kind]: {
      at: new Date().toISOString().slice(0, 10),
      machine: machine(),
      figures: figures.map((figure) => ({
        ...figure,
        sexton: round(figure.sexton),
        peer: { ...figure.peer, value: round(figure.peer.value) },
      })),
    },
  };
  writeFileSync(path, `${JSON.stringify(all, null, 2)}\n`);
  writeFileSync('docs/benchmarks.md', markdown(all));
  execFileSync(process.execPath, [PRETTIER, '--write', 'docs/benchmarks.md', path]);
};

type All = Record<
  string,
  {
    readonly at: string;
    readonly machine: ReturnType<typeof machine>;
    readonly figures: readonly Figure[];
  }
>;

const readJson = (path: string): All => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as All;
  } catch {
    return {};
  }
};

const markdown = (all: All): string => {
  const lines = [
    '# Benchmarks',
    '',
    'Written by `npm run bench`; [operations.md](operations.md#sizing) says what follows. Each figure stands beside its peer’s from the same run: alternating, medians of the rounds, whole processes.',
    '',
  ];
  for (const [kind, { at, machine: on, figures }] of Object.entries(all)) {
    lines.push(`## ${kind}`, '');
    lines.push(
      `${at}; ${on.cores} cores (${on.processor}), ${on.memoryGiB} GiB, Linux ${on.kernel}, Node.js ${on.node}; load before: ${on.loadBefore}.`,
      '',
      '| measured | unit | Sexton | beside | its value | aim | met |',
      '| --- | --- | --- | --- | --- | --- | --- |',
    );
    for (const { measured, unit, sexton, peer, aim, met } of figures) {
      lines.push(
        `| ${measured} | ${unit} | ${sexton} | ${peer.name} | ${peer.value} | ${aim} | ${met ? 'yes' : 'no'} |`,
      );
    }
    lines.push('');
    for (const { measured, notes } of figures) if (notes) lines.push(`- ${measured}: ${notes}`);
    lines.push('');
  }
  return lines.join('\n');
};
