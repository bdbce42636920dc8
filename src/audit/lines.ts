import { createHash } from 'node:crypto';

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** Hex SHA-256 of every byte before this line. */
  readonly sha256Before: () => string;
}

const NEWLINE = 0x0a;

/**
 * Lines of a byte stream, split at line feeds alone: JSON may hold U+2028, at which Node's readline splits as well. A
 * last line without a line feed counts.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  const sha256 = createHash('sha256');
  let number = 0;
  let pending: Buffer[] = [];
  const take = function* (bytes: Buffer): Generator<Line> {
    number += 1;
    yield { number, text: bytes.toString('utf8'), sha256Before: () => sha256.copy().digest('hex') };
    sha256.update(bytes);
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const rest = chunk.subarray(from, at + 1);
      yield* take(pending.length > 0 ? Buffer.concat([...pending, rest]) : rest);
      pending = [];
      from = at + 1;
    }
    if (from < chunk.length) pending.push(chunk.subarray(from));
  }
  if (pending.length > 0) yield* take(Buffer.concat(pending));
}
