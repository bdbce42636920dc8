import type { Command } from 'commander';

/** What can follow one command, taken from what the command says of itself. */
export interface Completion {
  /** The words that lead to it, such as `keys create`; empty for the command itself. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly OptionWord[];
  /** Values of its first argument, where there are only so many. */
  readonly values: readonly string[];
}

export interface Word {
  readonly word: string;
  readonly about: string;
}

export interface OptionWord extends Word {
  /** `none` for a switch; `file` for a path; else the values, none where anything may stand. */
  readonly value: 'none' | 'file' | readonly string[];
}

/** Every command of a program, each with what can follow it. */
export const completions = (command: Command, path: readonly string[] = []): Completion[] => {
  const help = command.createHelp();
  const below = help.visibleCommands(command).filter((each) => each.name() !== 'help');
  const here: Completion = {
    path: path.join(' '),
    commands: below.map((each) => ({ word: each.name(), about: each.description() })),
    options: help.visibleOptions(command).flatMap((option) => {
      const { long, description, argChoices = [] } = option;
      if (!long) return [];
      const takesValue = option.required || option.optional;
      const isFile = /<(file|dir)>/.test(option.flags);
      return [
        {
          word: long,
          about: description,
          value: !takesValue ? 'none' : isFile ? 'file' : argChoices,
        } as const,
      ];
    }),
    values: command.registeredArguments[0]?.argChoices ?? [],
  };
  return [here, ...below.flatMap((each) => completions(each, [...path, each.name()]))];
};
