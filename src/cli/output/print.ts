/** What would move a terminal's cursor, colour it, or make text read as what it is not. */
const DECEPTIVE = /[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** Text of somebody else, safe to show on a terminal, on one line. */
export const clean = (text: string): string =>
  text.replaceAll(/[\t\r\n]+/g, ' ').replaceAll(DECEPTIVE, '\ufffd');

/** Writes one JSON document. */
export const printJson = (value: unknown): Promise<void> => write(`${JSON.stringify(value, null, 2)}\n`);

/** Writes one line of a stream of JSON documents. */
export const printJsonLine = (value: unknown): Promise<void> => write(`${JSON.stringify(value)}\n`);

export const printLines = (lines: readonly string[]): Promise<void> =>
  write(lines.map((line) => `${clean(line)}\n`).join(''));

/** Waits until it is taken, so that a slow reader holds the command back and not its memory. */
export const write = (text: string | Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
