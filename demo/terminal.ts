/** Plain text, narrow enough for half a screen; colour only where there is a terminal that wants it. */
const isTerminal = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const wrap =
  (code: number) =>
  (text: string): string =>
    isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text;

export const bold = wrap(1);
export const dim = wrap(2);
export const red = wrap(31);
export const green = wrap(32);

export const step = (text: string): void => void process.stdout.write(`\n${bold(text)}\n`);
export const say = (text = ''): void => void process.stdout.write(`${text.replaceAll(/^(?=.)/gm, '   ')}\n`);

const WIDTH = 84;

/** A sentence on lines of at most 84 characters, where its words allow that. */
export const narrow = (text: string): string => {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + word.length >= WIDTH) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.join('\n');
};

/** Enough of a digest to tell it from others. */
export const short = (digest: string): string => `${digest.slice(0, 19)}…`;
