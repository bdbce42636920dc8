import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect } from '../../src/collections/engine/collect.js';
import { surveyorWith } from '../../src/collections/engine/garbage-look.js';
import type { Garbage } from '../../src/collections/engine/garbage.js';
import { InlineScanner } from '../../src/collections/engine/inline-scanner.js';
import { ReferenceMemory } from '../../src/collections/engine/reference-cache.js';
import { survey, type CollectionTools, type CollectRules } from '../../src/collections/engine/survey.js';
import { undo } from '../../src/collections/engine/undo.js';
import { blobData, BLOBS, OWN, REPOSITORIES } from '../../src/storage/layout.js';
import { livingDigests, livingManifests } from './liveness-model.js';
import { MemoryJournal } from './memory-journal.js';
import { MemoryStorage } from './memory-storage.js';
import { BuiltWorld, GRACE_MS, NOW_MS, OLD_MS, worlds } from './world.js';

const RUNS = 400;
const KEEP: CollectRules = { graceMs: GRACE_MS, untaggedMinAgeMs: null };
const COLLECT: CollectRules = { graceMs: GRACE_MS, untaggedMinAgeMs: GRACE_MS };

const toolsFor = (storage: MemoryStorage): CollectionTools => ({
  storage,
  scanner: new InlineScanner(storage),
  memory: new ReferenceMemory(null),
  now: () => NOW_MS,
});

const digestsOf = ({ blobs, marking }: Garbage): string[] =>
  [...blobs].map(({ index }) => marking.graph.digest(index)).sort();

const build = (built: BuiltWorld): MemoryStorage => {
  const storage = new MemoryStorage();
  built.write((path, content, modifiedMs) => storage.put(path, content, modifiedMs));
  return storage;
};

const oldDigests = (built: BuiltWorld): string[] => {
  const { blobs, manifests } = built.world;
  return [
    ...built.blobs.filter((_, i) => !blobs[i]?.isYoung).map(({ digest }) => digest),
    ...built.manifests.filter((_, i) => !manifests[i]?.isYoung).map(({ digest }) => digest),
  ];
};

const contentOf = (storage: MemoryStorage): Record<string, string> =>
  Object.fromEntries(
    [...storage.files]
      .filter(([path]) => !path.startsWith(`${OWN}/`))
      .map(([path, { bytes }]) => [path, Buffer.from(bytes).toString('base64')] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

const OPTIONS = { newRunId: () => 'run', batchSize: 2, remarkAfterMs: Infinity };

describe('of any store', () => {
  it.each([
    ['keep', KEEP],
    ['collect', COLLECT],
  ] as const)('exactly what is old and not needed may go, with untagged: %s', async (untagged, rules) => {
    await fc.assert(
      fc.asyncProperty(worlds, async (world) => {
        const built = new BuiltWorld(world);
        const garbage = await survey(toolsFor(build(built)), rules);
        const living = livingDigests(built, untagged);
        const expected = oldDigests(built).filter((digest) => !living.has(digest));
        expect(garbage.blocked).toBeNull();
        expect(garbage.faults.filter(({ undecided }) => undecided !== 'nothing')).toEqual([]);
        expect(digestsOf(garbage)).toEqual([...new Set(expected)].sort());
        if (untagged === 'keep') return;
        const goes = garbage.marking.untagged.map(
          ({ repository, digest }) =>
            `${garbage.marking.names[repository]}@${garbage.marking.graph.digest(digest)}`,
        );
        const unneeded = world.repositories.flatMap((repository) => {
          const needed = livingManifests(built, repository, 'collect');
          const free = built.linked(repository).filter((manifest) => !needed.has(manifest));
          return free.map((manifest) => `${repository.name}@${built.manifest(manifest)}`);
        });
        expect(goes.sort()).toEqual(unneeded.sort());
      }),
      { numRuns: RUNS },
    );
  });

  it('a collection followed by undo leaves every file as it was', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, fc.constantFrom(KEEP, COLLECT), async (world, rules) => {
        const built = new BuiltWorld(world);
        const storage = build(built);
        const before = contentOf(storage);
        const journal = new MemoryJournal();
        const tools = toolsFor(storage);
        const result = await collect(surveyorWith(tools), journal, { ...rules, ...OPTIONS });
        const after = await survey(tools, rules);
        expect(digestsOf(after)).toEqual([]);
        expect(result.broughtBack).toBe(0);
        await undo(storage, journal, 'run');
        expect(contentOf(storage)).toEqual(before);
      }),
      { numRuns: RUNS / 2 },
    );
  });

  it('damage never lets go what was alive before it (TRAPS 22)', async () => {
    const damages = fc.array(
      fc.record({
        pick: fc.nat(),
        how: fc.constantFrom('empty', 'garbage', 'gone', 'unreadable', 'cut', 'misnamed'),
      }),
      { minLength: 1, maxLength: 3 },
    );
    let blocked = 0;
    let went = 0;
    await fc.assert(
      fc.asyncProperty(worlds, damages, fc.constantFrom(KEEP, COLLECT), async (world, picked, rules) => {
        const built = new BuiltWorld(world);
        const storage = build(built);
        // A subject that its repository never took is served by nobody, and nothing bounds where it could be.
        const living = livingDigests(built, rules === KEEP ? 'keep' : 'collect', 'pushed');
        for (const { pick, how } of picked) damage(built, storage, pick, how);
        const garbage = await survey(toolsFor(storage), rules);
        const wrong = digestsOf(garbage).filter((digest) => living.has(digest));
        expect(wrong).toEqual([]);
        if (garbage.blocked !== null) blocked += 1;
        went += garbage.blobs.length;
      }),
      { numRuns: RUNS * 3 },
    );
    // The rest goes on: damage in one repository must not stop every collection.
    expect(blocked).toBeLessThan(RUNS * 2);
    expect(went).toBeGreaterThan(RUNS);
  });
});

/** Damages one link of a manifest or a tag, or one manifest's bytes. */
const damage = (built: BuiltWorld, storage: MemoryStorage, pick: number, how: string): void => {
  const targets = [...storage.files.keys()].filter(
    (path) =>
      (path.startsWith(REPOSITORIES) && /\/(revisions|current)\//.test(path)) ||
      (path.startsWith(BLOBS) && Buffer.from(storage.files.get(path)?.bytes ?? '').includes('{')),
  );
  const path = targets[pick % Math.max(1, targets.length)];
  const file = path === undefined ? undefined : storage.files.get(path);
  if (path === undefined || !file) return;
  const isBlob = path.startsWith(BLOBS);
  if (how === 'empty') storage.put(path, '', OLD_MS);
  else if (how === 'garbage') storage.put(path, 'sha256:0123', OLD_MS);
  else if (how === 'cut') storage.put(path, file.bytes.subarray(0, file.bytes.length / 2), OLD_MS);
  else if (how === 'unreadable') storage.unreadable.add(path);
  else if (how === 'gone') {
    // A link that is gone is a deletion. So is a manifest that is gone and was only a subject or a mention: neither
    // need exist.
    if (isBlob && isLinkedOrChild(built, path)) storage.files.delete(path);
  } else if (!isBlob && path.includes('/revisions/')) {
    storage.files.delete(path);
    storage.put(path.replace(/[0-9a-f]{10}\/link$/, '/link'), '', OLD_MS);
  }
};

const isLinkedOrChild = (built: BuiltWorld, path: string): boolean => {
  const { manifests, repositories } = built.world;
  const i = built.manifests.findIndex(({ digest }) => blobData(digest) === path);
  const isChild = repositories
    .flatMap((repository) => [...built.tags(repository).values()])
    .some((tagged) => manifests[tagged]?.kind === 'index' && manifests[tagged].children.includes(i));
  return isChild || repositories.some((repository) => built.linked(repository).includes(i));
};
