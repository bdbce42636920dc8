import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { Fault } from './schedule.js';

export interface RunResult {
  readonly seed: number;
  readonly kind: 'deletions' | 'collection';
  /** What must not be; empty when every promise was kept. */
  readonly violations: readonly string[];
  readonly faults: readonly Fault[];
  /** Kinds of faults that were not possible here. */
  readonly skipped: readonly string[];
  readonly facts: Readonly<Record<string, number | Readonly<Record<string, number>>>>;
}

interface Summary {
  readonly node: string;
  readonly processors: number;
  readonly runs: readonly RunResult[];
}

const at = (name: string): string => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));

/** Says what was found, writes it to docs/ where asked to, beside what stands there of other seeds where `isAdded`, and returns the exit status. */
export const conclude = async (
  runs: readonly RunResult[],
  {
    isWritten,
    isAdded,
    say,
  }: { readonly isWritten: boolean; readonly isAdded: boolean; readonly say: (line: string) => void },
): Promise<number> => {
  const broken = runs.filter(({ violations }) => violations.length > 0);
  const played = runs.reduce((sum, { faults }) => sum + faults.length, 0);
  say(`${runs.length} runs, ${played} faults, ${broken.length} runs in which a promise was broken`);
  for (const { kind, seed } of broken) say(`  again: npm run test:faults -- --only ${kind} --seed ${seed}`);
  if (isWritten) {
    const earlier = isAdded
      ? (JSON.parse(await readFile(at('fault-runs.json'), 'utf8')) as Summary).runs
      : [];
    const isAgain = ({ kind, seed }: RunResult): boolean =>
      runs.some((run) => run.kind === kind && run.seed === seed);
    const all = [...earlier.filter((run) => !isAgain(run)), ...runs];
    all.sort((one, other) => one.kind.localeCompare(other.kind) || one.seed - other.seed);
    const summary = { node: process.version, processors: cpus().length, runs: all };
    await write(at('fault-runs.json'), JSON.stringify(summary));
    await write(at('fault-runs.md'), inMarkdown(summary));
  }
  return broken.length === 0 && runs.length > 0 ? 0 : 1;
};

/** As `npm run check` wants files. */
const write = async (path: string, text: string): Promise<void> =>
  writeFile(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));

const KINDS = ['deletions', 'collection'] as const;

const inMarkdown = ({ node, processors, runs }: Summary): string => {
  const parts = KINDS.flatMap((kind) => {
    const own = runs.filter((run) => run.kind === kind);
    return own.length === 0 ? [] : [section(kind, own)];
  });
  return `# Fault runs

Written by \`npm run test:faults -- --write\` from what it measured: Node.js ${node}, ${processors} processors, with
other work on them at times. Two API and three worker processes, one Redis, one PostgreSQL and a real registry, as real processes.
What is done to them is a function of the seed; [operations.md](operations.md#crash-recovery) says what it shows. All
figures, and each fault with its time, are in [fault-runs.json](fault-runs.json).

${parts.join('\n')}`;
};

const section = (kind: string, runs: readonly RunResult[]): string => {
  const counts = new Map<string, number>();
  for (const { what } of runs.flatMap(({ faults }) => faults)) {
    const name =
      'how' in what
        ? `${what.kind} (${what.how})`
        : 'role' in what
          ? `${what.kind} -9 ${what.role}`
          : what.kind;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const skipped = [...new Set(runs.flatMap((run) => run.skipped))];
  const faults = [...counts].sort().map(([name, count]) => `${name} ${count}`);
  const names = Object.keys(runs[0]?.facts ?? {}).filter((name) => typeof runs[0]?.facts[name] === 'number');
  const inCell = (fact: unknown): string => (typeof fact === 'number' ? String(fact) : '');
  const rows = runs.map(({ seed, faults, facts, violations }) => [
    seed,
    faults.length,
    ...names.map((name) => inCell(facts[name])),
    violations.length,
  ]);
  const header = ['seed', 'faults', ...names.map(spaced), 'promises broken'];
  return `## ${kind === 'deletions' ? 'Deletions' : 'A collection in progress'}

${runs.length} seeds. Faults: ${faults.join(', ')}.${skipped.length > 0 ? ` Not possible here: ${skipped.join(', ')}.` : ''}

${[header, header.map(() => '---:'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')}
`;
};

const spaced = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
