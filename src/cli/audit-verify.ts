import { createReadStream, readFileSync } from 'node:fs';
import { z } from 'zod';
import { forgedFault } from '../audit/checkpoint.js';
import { parseRecord } from '../audit/evidence-records.js';
import { linesOf } from '../audit/lines.js';
import { FileVerification, type FileReport } from '../audit/offline-verification.js';
import { readVerifyingKey, type VerifyingKey } from '../audit/signing-key.js';
import { CommandError, EXIT, type ExitCode } from './exit-codes.js';

const optionsSchema = z.object({
  publicKey: z.array(z.string()),
  known: z.string().optional(),
  json: z.boolean().default(false),
});

/** Verifies `file` and prints what was found. */
export const runVerify = async (file: string, options: unknown): Promise<ExitCode> => {
  const { publicKey, known: knownFile, json } = optionsSchema.parse(options);
  const keys = publicKey.length > 0 ? publicKey.map(readKey) : null;
  const known = knownFile === undefined ? new Map<number, string>() : await readKnown(knownFile, keys);
  const report = await new FileVerification({ keys, known }).verify(linesOf(chunksOf(file)));
  if (report.fault?.kind === 'malformed' && report.head === null && report.source === 'copy') {
    throw new CommandError(`${file} is not an audit log; export it with format=ndjson`);
  }
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : inWords(report));
  return report.status === 'whole' ? EXIT.done : EXIT.failed;
};

const readKey = (path: string): VerifyingKey => {
  const key = readVerifyingKey(reading(path, () => readFileSync(path, 'utf8')));
  if (key === null) throw new CommandError(`${path} does not hold an Ed25519 public key in PEM form`);
  return key;
};

/** Heads of an earlier file, by sequence: its checkpoints, where their signatures hold, and its last event. */
const readKnown = async (
  path: string,
  keys: readonly VerifyingKey[] | null,
): Promise<Map<number, string>> => {
  const known = new Map<number, string>();
  let last: readonly [number, string] | null = null;
  for await (const { text } of linesOf(chunksOf(path))) {
    const record = parseRecord(text);
    if (record?.type === 'event') last = [record.sequence, record.hash];
    if (record?.type !== 'checkpoint') continue;
    const fault = keys && forgedFault(record, keys);
    if (fault) throw new CommandError(`${path}: ${fault.message}`);
    known.set(record.sequence, record.hash);
  }
  if (last === null) throw new CommandError(`${path} holds no audit events`);
  return known.set(...last);
};

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  const stream = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 1 << 20 });
  try {
    for await (const chunk of stream) yield Buffer.from(chunk as Uint8Array);
  } catch (error) {
    throw unreadable(path, error);
  }
}

const reading = <T>(path: string, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    throw unreadable(path, error);
  }
};

const unreadable = (path: string, error: unknown): CommandError => {
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return new CommandError(`${path} cannot be read${code}`);
};

const inWords = (report: FileReport): string => `${[verdict(report), ...remarks(report)].join('\n')}\n`;

const verdict = ({ status, fault, events, first, head }: FileReport): string => {
  if (status === 'broken') {
    const line = fault?.line ? `line ${fault.line}: ` : '';
    return `BROKEN  ${line}${fault?.message ?? ''} (${fault?.kind ?? ''})`;
  }
  if (head === null) return 'WHOLE  no events';
  return `WHOLE  ${events} events, sequence ${first ?? 0} to ${head.sequence}, head ${head.hash}`;
};

const remarks = (report: FileReport): string[] => {
  const { contiguous, signaturesChecked, signedUpTo, checkpoints, repeated, torn, tornAtEnds, head } = report;
  const said: string[] = [];
  if (!contiguous) {
    said.push(
      'Not contiguous: the export was filtered. What is there is as it was recorded; what is not there cannot be judged.',
    );
  }
  if (!signaturesChecked) said.push('Signatures were not checked: give --public-key.');
  else if (signedUpTo === null) said.push('No signature covers it.');
  else if (head && signedUpTo < head.sequence) {
    said.push(
      `Signed up to sequence ${signedUpTo} (${checkpoints} checkpoints); what follows is not signed yet.`,
    );
  } else said.push(`Signed to its end; ${checkpoints} checkpoints.`);
  if (repeated > 0) said.push(`${repeated} events came twice and are the same.`);
  if (torn > 0)
    said.push(`${torn} lines were cut off in the middle; the events that they held follow again.`);
  if (tornAtEnds > 0)
    said.push(
      `${tornAtEnds} lines at the beginning or the end of the file were cut off; what they held may be missing.`,
    );
  return said;
};
