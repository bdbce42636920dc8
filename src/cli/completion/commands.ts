import { Argument } from 'commander';
import { EXIT } from '../exit-codes.js';
import type { Define } from '../program.js';

const HELP = `
Examples:
  source <(sexton completion bash)                                     # in ~/.bashrc
  source <(sexton completion zsh)                                      # in ~/.zshrc, after compinit
  sexton completion fish > ~/.config/fish/completions/sexton.fish`;

export const defineCompletionCommand: Define = (program, run) => {
  program
    .command('completion')
    .description('a script that completes this command in a shell')
    .addArgument(new Argument('<shell>', 'which').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', HELP)
    .action(
      run(async (shell: 'bash' | 'zsh' | 'fish') => {
        const { completionScript } = await import('./script.js');
        const { write } = await import('../output/print.js');
        await write(completionScript(shell, program));
        return EXIT.done;
      }),
    );
};
