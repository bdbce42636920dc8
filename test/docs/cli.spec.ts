import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.js';
import { createProgram } from '../../src/cli/program.js';
import { codeSpans, read } from './markdown.js';

const commandsOf = (
  command: Command,
  path: readonly string[] = ['sexton'],
): { name: string; command: Command }[] => {
  const below = command.commands.flatMap((each) => commandsOf(each, [...path, each.name()]));
  return below.length > 0 ? below : [{ name: path.join(' '), command }];
};

const commands = commandsOf(createProgram(() => undefined));

describe('docs/cli.md', () => {
  const spans = codeSpans('docs/cli.md');

  it('has every command', () => {
    const names = commands.map(({ name }) => name);
    expect(names).toContain('sexton keys rotate');
    expect(names.filter((name) => !spans.has(name))).toEqual([]);
  });

  it('has every option', () => {
    const options = commands.flatMap(({ command }) => command.options.map(({ long }) => long ?? ''));
    expect(options).toContain('--idempotency-key');
    expect([...new Set(options)].filter((option) => !spans.has(option))).toEqual([]);
  });

  it('shows in the help defaults that can be typed, and as the configuration has them', () => {
    const helps = commands.map(({ command }) => command.helpInformation().replaceAll(/\s+/g, ' '));
    expect(helps.filter((help) => /default: (\[|\d{4})/.test(help))).toEqual([]);
    const collect = helps.find((help) => help.includes('sexton storage collect'));
    expect(collect).toContain('within this time (default: 2h)');
    expect(collect).toContain('once this old (default: 7d)');
    expect(read('docs/collection.md')).toMatch(/\.grace` +\| `2h`[\s\S]+\.untaggedMinAge` +\| `7d`/);
  });

  it('has every exit status', () => {
    const text = read('docs/cli.md');
    const missing = Object.values(EXIT).filter(
      (code) => !new RegExp(`^\\| ${code} +\\| \\S`, 'm').test(text),
    );
    expect(missing).toEqual([]);
  });

  it('has every variable of the environment', () => {
    const text = read('src/cli/client/connection.ts');
    const variables = [...text.matchAll(/env\['(\w+)'\]/g)].map(([, name = '']) => name);
    expect(variables).toHaveLength(3);
    expect(variables.filter((name) => !spans.has(name))).toEqual([]);
  });
});
