const isTerminal = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const wrap =
  (code: number) =>
  (text: string): string =>
    isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text;

export const bold = wrap(1);
export const dim = wrap(2);
export const red = wrap(31);
export const green = wrap(32);
