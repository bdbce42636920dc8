import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const SEXTON = fileURLToPath(new URL('../../bin/sexton.mjs', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'sexton-completion-'));
const script = (shell: string): string => join(home, `sexton.${shell}`);
const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

beforeAll(() => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const made = spawnSync(process.execPath, [SEXTON, 'completion', shell], { encoding: 'utf8' });
    expect(made.status).toBe(0);
    writeFileSync(script(shell), made.stdout);
  }
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const run = (shell: string, args: readonly string[]): string[] => {
  const ran = spawnSync(shell, args, {
    encoding: 'utf8',
    cwd: home,
    env: { PATH: process.env['PATH'], HOME: home },
  });
  expect(ran.stderr).toBe('');
  return ran.stdout.split('\n').filter((line) => line !== '');
};

/** What a real bash offers for the last of `words`, as its completion of this command sets it. */
const bashOffers = (...words: string[]): string[] => {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const line = `source ${script('bash')}; COMP_WORDS=(sexton ${quoted}); COMP_CWORD=${words.length}; compopt() { :; }; _sexton; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return run('bash', ['--norc', '--noprofile', '-uc', line]);
};

describe('in bash', () => {
  it('is registered, and can be sourced twice', () => {
    const line = `source ${script('bash')}; source ${script('bash')}; complete -p sexton`;
    expect(run('bash', ['--norc', '-c', line])).toEqual([expect.stringContaining('-F _sexton sexton')]);
  });

  it('offers commands, below commands, options, and the values of an option', () => {
    expect(bashOffers('de')).toEqual(['delete']);
    expect(bashOffers('keys', '')).toEqual(expect.arrayContaining(['list', 'create', 'rotate', 'revoke']));
    expect(bashOffers('keys', '')).not.toContain('delete');
    expect(bashOffers('delete', 'prod/app:v1', '--sib')).toEqual(['--siblings']);
    expect(bashOffers('delete', '--siblings', '')).toEqual(['refuse', 'untag', 'include', 'single']);
    expect(bashOffers('completion', 'z')).toEqual(['zsh']);
    expect(bashOffers('delete', '--reason', '')).toEqual([]);
  });

  it('offers files where an option takes one', () => {
    expect(bashOffers('audit', 'export', '--output', 'sexton.b')).toEqual(['sexton.bash']);
  });

  it('runs nothing of what stands on the command line', () => {
    const touched = join(home, 'touched');
    bashOffers('delete', `$(touch ${touched})`, '`touch touched`', '');
    expect(existsSync(touched)).toBe(false);
  });
});

describe.skipIf(!has('fish'))('in fish', () => {
  const offers = (line: string): string[] =>
    run('fish', ['--no-config', '-c', `source ${script('fish')}; complete -C '${line}'`]).map(
      (each) => each.split('\t')[0] ?? '',
    );

  it('offers commands, below commands, options, and the values of an option', () => {
    expect(offers('sexton de')).toEqual(['delete']);
    expect(offers('sexton keys ')).toEqual(expect.arrayContaining(['list', 'create', 'rotate', 'revoke']));
    expect(offers('sexton keys ')).not.toContain('delete');
    expect(offers('sexton delete --sib')).toEqual(['--siblings']);
    expect(offers('sexton delete --siblings ')).toEqual(expect.arrayContaining(['untag', 'include']));
  });
});

describe.skipIf(!has('zsh'))('in zsh', () => {
  it('is read without a fault, and registered', () => {
    const line = `autoload -Uz compinit && compinit -u -D; source ${script('zsh')}; print -r -- \${_comps[sexton]}`;
    expect(run('zsh', ['-f', '-c', line])).toEqual([expect.stringContaining('_sexton')]);
  });
});
