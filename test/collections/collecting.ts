import { collect, type CollectResult } from '../../src/collections/engine/collect.js';
import { surveyorWith, type GarbageLook } from '../../src/collections/engine/garbage-look.js';
import type { Surveyor } from '../../src/collections/engine/surveyor.js';
import type { Garbage } from '../../src/collections/engine/garbage.js';
import { InlineScanner } from '../../src/collections/engine/inline-scanner.js';
import type { Journal } from '../../src/collections/engine/journal.js';
import { ReferenceMemory } from '../../src/collections/engine/reference-cache.js';
import { survey, type CollectionTools, type CollectRules } from '../../src/collections/engine/survey.js';
import { FilesystemStorage } from '../../src/storage/filesystem-storage.js';
import type { Storage } from '../../src/storage/storage.js';
import { FileJournal } from '../../src/collections/engine/file-journal.js';

/** Small batches, and no second mark before the end. */
export const OPTIONS = { newRunId: () => 'run-1', batchSize: 2, remarkAfterMs: Infinity };
export const HOUR_MS = 3_600_000;
export const KEEP: CollectRules = { graceMs: HOUR_MS, untaggedMinAgeMs: null };
export const COLLECT_UNTAGGED: CollectRules = { graceMs: HOUR_MS, untaggedMinAgeMs: HOUR_MS };

export const toolsFor = (storage: Storage, now: () => number = Date.now): CollectionTools => ({
  storage,
  scanner: new InlineScanner(storage),
  memory: new ReferenceMemory(null),
  now,
});

export const toolsIn = (root: string): CollectionTools => toolsFor(new FilesystemStorage(root));

export const surveyorIn = (root: string): Surveyor<GarbageLook> => surveyorWith(toolsIn(root));

/** The digests that may go, in order. */
export const digestsOf = ({ blobs, marking }: Garbage): string[] =>
  [...blobs].map(({ index }) => marking.graph.digest(index)).sort();

export const surveyIn = (root: string, rules: CollectRules = KEEP): Promise<Garbage> =>
  survey(toolsIn(root), rules);

export const collectIn = (
  root: string,
  rules: CollectRules = KEEP,
  journal: Journal = new FileJournal(root),
): Promise<CollectResult<GarbageLook>> => collect(surveyorIn(root), journal, { ...rules, ...OPTIONS });
