import type { Command } from 'commander';
import { completions, type Completion, type OptionWord } from './words.js';

/**
 * A script for a shell, made whole from the commands. It asks nobody when a key is pressed: it starts no program, so
 * that it is fast, and evaluates no word of the command line, so that `sexton delete $(…)<TAB>` runs nothing.
 */
export const completionScript = (shell: 'bash' | 'zsh' | 'fish', program: Command): string => {
  const all = completions(program);
  switch (shell) {
    case 'bash':
      return bash(all);
    case 'zsh':
      // zsh runs bash's completions, with the same words, by its own bashcompinit.
      return `#compdef sexton\nautoload -U +X bashcompinit && bashcompinit\n${bash(all)}`;
    case 'fish':
      return fish(all);
  }
};

const quoted = (words: readonly string[]): string => `'${words.join(' ').replaceAll("'", "'\\''")}'`;

const bash = (all: readonly Completion[]): string => `# completion of sexton
_sexton() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} at='' next each
  for each in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="\${at:+$at }$each"
    case "$next" in
${lines(all.slice(1), ({ path }) => `      ${quoted([path])}) at=$next ;;`)}
    esac
  done
  COMPREPLY=()
  case "$at:$before" in
${lines(all.flatMap(valued), ({ path, option }) => `    ${quoted([`${path}:${option.word}`])}) ${bashValue(option)}; return ;;`)}
  esac
  local words=''
  case "$at" in
${lines(all, (each) => `    ${each.path === '' ? "''" : quoted([each.path])}) words=${quoted(wordsOf(each))} ;;`)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o bashdefault -o default -F _sexton sexton
`;

const wordsOf = ({ commands, values, options }: Completion): string[] => [
  ...commands.map(({ word }) => word),
  ...values,
  ...options.map(({ word }) => word),
];

const valued = ({ path, options }: Completion): { path: string; option: OptionWord }[] =>
  options.filter(({ value }) => value !== 'none').map((option) => ({ path, option }));

const bashValue = ({ value }: OptionWord): string => {
  if (value === 'file') return 'COMPREPLY=($(compgen -f -- "$word"))';
  if (value === 'none' || value.length === 0) return 'compopt +o default +o bashdefault 2>/dev/null';
  return `COMPREPLY=($(compgen -W ${quoted(value)} -- "$word"))`;
};

const fish = (all: readonly Completion[]): string => `# completion of sexton
function __sexton_at
  set -l at
  for word in (commandline -opc)[2..]
    set -l next (string join ' ' -- $at $word)
    contains -- $next ${all
      .slice(1)
      .map(({ path }) => quoted([path]))
      .join(' ')}; and set at $at $word
  end
  test "$at" = "$argv"
end
complete -c sexton -f
${lines(all, fishOf)}
`;

const fishOf = ({ path, commands, options, values }: Completion): string => {
  const here = `complete -c sexton -n ${quoted([`__sexton_at ${path}`.trimEnd()])}`;
  return [
    ...commands.map(({ word, about }) => `${here} -a ${word} -d ${quoted([about])}`),
    ...(values.length > 0 ? [`${here} -a ${quoted(values)}`] : []),
    ...options.map(({ word, about, value }) => {
      const takes =
        value === 'none'
          ? ''
          : value === 'file'
            ? ' -r -F'
            : ` -x${value.length > 0 ? ` -a ${quoted(value)}` : ''}`;
      return `${here} -l ${word.replace(/^--/, '')}${takes} -d ${quoted([about])}`;
    }),
  ].join('\n');
};

const lines = <T>(items: readonly T[], line: (item: T) => string): string => items.map(line).join('\n');
