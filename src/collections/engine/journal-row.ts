import type { Digest } from '../../oci/digest.js';
import { imageIdIn, recognizeDigest, recognizeImageId } from './digest-key.js';
import { REASONS } from './dead-blobs.js';
import type { EntryState, QuarantineEntry, RunState } from './journal.js';

/** One line of the file journal. */
export type JournalRow =
  | {
      readonly type: 'run';
      readonly id: string;
      readonly startedMs: number;
      readonly state: RunState;
      /** Of entries that were forgotten: the highest number of a batch, and how many of them were purged. */
      readonly forgotten?: { readonly lastBatch: number; readonly purged: number };
    }
  | { readonly type: 'entries'; readonly entries: readonly QuarantineEntry[] }
  | { readonly type: 'state'; readonly state: EntryState; readonly ids: readonly string[] };

const RUN_STATES: readonly RunState[] = ['running', 'finished', 'undone'];
const STATES: readonly EntryState[] = ['moving', 'quarantined', 'restored', 'purging', 'purged'];
const oneOf = <T extends string>(known: readonly T[], value: unknown): T | null =>
  known.find((each) => each === value) ?? null;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const isNumber = (value: unknown): value is number => typeof value === 'number' && value >= 0;

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

const readDigest = (text: string): Digest | null =>
  recognizeDigest(text) ?? recognizeImageId(imageIdIn(text) ?? '');

const readEntry = (value: unknown): QuarantineEntry | null => {
  if (!isObject(value)) return null;
  const { run, batch, item, repository, sizeBytes, files, emptyFolders, atMs } = value;
  const digest = typeof value['digest'] === 'string' ? readDigest(value['digest']) : null;
  const because = oneOf(REASONS, value['because']);
  if (typeof run !== 'string' || (typeof repository !== 'string' && repository !== null)) return null;
  if (!isNumber(batch) || !isNumber(item) || !isNumber(sizeBytes) || !isNumber(atMs)) return null;
  if (!isTexts(files) || !isTexts(emptyFolders) || digest === null || because === null) return null;
  return { run, batch, item, digest, repository, because, sizeBytes, files, emptyFolders, atMs };
};

/** The row that a line holds, or null where it is not one. By hand, since loading a schema library would double the start. */
export const readRow = (line: string): JournalRow | null => {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isObject(json)) return null;
  if (json['type'] === 'run') {
    const { id, startedMs } = json;
    const state = oneOf(RUN_STATES, json['state']);
    if (typeof id !== 'string' || !isNumber(startedMs) || state === null) return null;
    const forgotten = json['forgotten'];
    if (forgotten === undefined) return { type: 'run', id, startedMs, state };
    if (!isObject(forgotten)) return null;
    const { lastBatch, purged } = forgotten;
    if (!isNumber(lastBatch) || !isNumber(purged)) return null;
    return { type: 'run', id, startedMs, state, forgotten: { lastBatch, purged } };
  }
  if (json['type'] === 'entries' && Array.isArray(json['entries'])) {
    const entries = json['entries'].map(readEntry);
    const whole = entries.filter((entry) => entry !== null);
    return whole.length === entries.length ? { type: 'entries', entries: whole } : null;
  }
  const state = oneOf(STATES, json['state']);
  if (json['type'] !== 'state' || state === null || !isTexts(json['ids'])) return null;
  return { type: 'state', state, ids: json['ids'] };
};
