import { createHash } from 'node:crypto';
import type { ChainHead } from './chain.js';
import { signedText, signText, type Checkpoint } from './checkpoint.js';
import {
  checkpointRecord,
  eventRecord,
  recordLine,
  type EndRecord,
  type HeaderRecord,
} from './evidence-records.js';
import type { SealedEvent } from './export.store.js';
import type { SigningKey } from './signing-key.js';

/**
 * The lines of an export, a page at a time: the header, each event followed by the checkpoint that signs it, and the end,
 * which covers every byte before it and is signed where there is a key.
 */
export async function* exportLines(
  header: HeaderRecord,
  pages: AsyncIterable<readonly SealedEvent[]>,
  checkpoints: AsyncIterable<Checkpoint>,
  key: SigningKey | null,
): AsyncGenerator<string> {
  const sha256 = createHash('sha256');
  const hashed = (text: string): string => {
    sha256.update(text, 'utf8');
    return text;
  };
  const signed = checkpoints[Symbol.asyncIterator]();
  let next = await signed.next();
  let events = 0;
  yield hashed(recordLine(header));
  for await (const page of pages) {
    let text = '';
    for (const { seal, event } of page) {
      text += recordLine(eventRecord(seal, event));
      for (; !next.done && next.value.sequence <= seal.sequence; next = await signed.next()) {
        text += recordLine(checkpointRecord(next.value));
      }
    }
    events += page.length;
    yield hashed(text);
  }
  yield recordLine(endRecord(events, header.upTo, sha256.digest('hex'), key));
}

const endRecord = (events: number, upTo: ChainHead, sha256: string, key: SigningKey | null): EndRecord => {
  const fields = { events, upTo: { ...upTo }, sha256, keyId: key?.id ?? null };
  return { type: 'end', ...fields, signature: key && signText(key, signedText('end', fields)) };
};
