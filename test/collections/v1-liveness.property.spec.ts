import fc from 'fast-check';
import { expect, it } from 'vitest';
import { collect } from '../../src/collections/engine/collect.js';
import { undo } from '../../src/collections/engine/undo.js';
import { v1SurveyorOf } from '../../src/collections/engine/v1/images-look.js';
import { OWN } from '../../src/storage/layout.js';
import { MemoryJournal } from './memory-journal.js';
import { MemoryStorage } from './memory-storage.js';
import { imageId } from './v1-files.js';

const RUNS = 300;
const NOW_MS = 1_000_000_000;
const GRACE_MS = 60_000;
const OLD_MS = 1_000_000;
const OPTIONS = {
  newRunId: () => 'run',
  batchSize: 2,
  remarkAfterMs: Infinity,
  graceMs: GRACE_MS,
  untaggedMinAgeMs: null,
};

interface World {
  /** Each may be built on one before it. */
  readonly images: readonly {
    readonly on: number | null;
    readonly isYoung: boolean;
    readonly isInProgress: boolean;
  }[];
  readonly tags: readonly { readonly repository: string; readonly tag: string; readonly image: number }[];
}

const worlds: fc.Arbitrary<World> = fc.integer({ min: 1, max: 12 }).chain((count) =>
  fc.record({
    images: fc.tuple(
      ...Array.from({ length: count }, (_, i) =>
        fc.record({
          on: i === 0 ? fc.constant(null) : fc.option(fc.nat(i - 1), { freq: 4 }),
          isYoung: fc.constantFrom(false, false, true),
          isInProgress: fc.constantFrom(false, false, false, false, true),
        }),
      ),
    ),
    tags: fc.array(
      fc.record({
        repository: fc.constantFrom('library/a', 'team/a', 'team/a%2Fb'),
        tag: fc.constantFrom('v1', '_v1', 'v1_json', 'latest'),
        image: fc.nat(count - 1),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  }),
);

/** Worked out from the description alone, by rules applied until nothing changes; it shares no code with the engine. */
const livingOf = ({ images, tags }: World): ReadonlySet<number> => {
  const last = new Map(tags.map(({ repository, tag, image }) => [`${repository}:${tag}`, image]));
  const living = new Set(last.values());
  for (const [i, { isYoung, isInProgress }] of images.entries()) if (isYoung || isInProgress) living.add(i);
  for (let before = -1; before !== living.size;) {
    before = living.size;
    for (const i of [...living]) {
      const on = images[i]?.on ?? null;
      if (on !== null) living.add(on);
    }
  }
  return living;
};

const ancestryOf = (world: World, i: number): string[] => {
  const on = world.images[i]?.on ?? null;
  return [imageId(i), ...(on === null ? [] : ancestryOf(world, on))];
};

const build = (world: World): MemoryStorage => {
  const storage = new MemoryStorage();
  for (const [i, { isYoung, isInProgress }] of world.images.entries()) {
    const at = isYoung ? NOW_MS - 1 : OLD_MS;
    storage.put(`images/${imageId(i)}/json`, '{}', OLD_MS);
    storage.put(`images/${imageId(i)}/ancestry`, JSON.stringify(ancestryOf(world, i)), OLD_MS);
    storage.put(`images/${imageId(i)}/layer`, `layer ${i}`, at);
    if (isInProgress) storage.put(`images/${imageId(i)}/_inprogress`, 'true', OLD_MS);
  }
  for (const { repository, tag, image } of world.tags) {
    storage.put(`repositories/${repository}/tag${tag}_json`, '{"last_update": 1}', OLD_MS);
    storage.put(`repositories/${repository}/_index_images`, JSON.stringify([{ id: imageId(image) }]), OLD_MS);
  }
  // `tag_v1_json` is the file of the tag `v1_json`, and what is written beside the tag `_v1`: the last one counts.
  for (const { repository, tag, image } of world.tags) {
    storage.put(`repositories/${repository}/tag_${tag}`, imageId(image), OLD_MS);
  }
  return storage;
};

const contentOf = (storage: MemoryStorage): Record<string, string> =>
  Object.fromEntries(
    [...storage.files]
      .filter(([path]) => !path.startsWith(`${OWN}/`))
      .map(([path, { bytes }]) => [path, Buffer.from(bytes).toString('base64')] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

const present = (storage: MemoryStorage, world: World): number[] =>
  world.images.flatMap((_, i) => (storage.files.has(`images/${imageId(i)}/layer`) ? [i] : []));

it('of any old registry exactly what nothing is built on goes, and undo brings all of it back', async () => {
  let went = 0;
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      const storage = build(world);
      const before = contentOf(storage);
      const journal = new MemoryJournal();
      await collect(
        v1SurveyorOf(storage, () => NOW_MS),
        journal,
        OPTIONS,
      );
      const living = livingOf(world);
      expect(present(storage, world)).toEqual(world.images.flatMap((_, i) => (living.has(i) ? [i] : [])));
      went += journal.entries.size;
      await undo(storage, journal, 'run');
      expect(contentOf(storage)).toEqual(before);
    }),
    { numRuns: RUNS },
  );
  expect(went).toBeGreaterThan(RUNS / 10);
});

it('damage to any old registry never lets go what was alive before it (TRAPS 22)', async () => {
  let went = 0;
  const damages = fc.array(
    fc.record({
      pick: fc.nat(),
      how: fc.constantFrom('empty', 'garbage', 'gone', 'unreadable', 'cut', 'another'),
    }),
    { minLength: 1, maxLength: 3 },
  );
  await fc.assert(
    fc.asyncProperty(worlds, damages, async (world, picked) => {
      const storage = build(world);
      const living = livingOf(world);
      for (const { pick, how } of picked) damage(storage, pick, how);
      const there = present(storage, world);
      await collect(
        v1SurveyorOf(storage, () => NOW_MS),
        new MemoryJournal(),
        OPTIONS,
      );
      const left = new Set(present(storage, world));
      expect(there.filter((i) => living.has(i) && !left.has(i))).toEqual([]);
      went += there.length - left.size;
    }),
    { numRuns: RUNS * 2 },
  );
  // The rest goes on: damage where nothing depends on it must not stop every collection.
  expect(went).toBeGreaterThan(RUNS / 10);
});

/** Damages one ancestry, or one tag. A tag that is gone was deleted. */
const damage = (storage: MemoryStorage, pick: number, how: string): void => {
  const isTag = (path: string): boolean => /\/tag_[^/]*$/.test(path) && !path.endsWith('_json');
  const targets = [...storage.files.keys()].filter((path) => path.endsWith('/ancestry') || isTag(path));
  const path = targets[pick % targets.length];
  const file = path === undefined ? undefined : storage.files.get(path);
  if (path === undefined || !file) return;
  if (how === 'empty') storage.put(path, '', OLD_MS);
  else if (how === 'garbage') storage.put(path, '{"no": "id"}', OLD_MS);
  else if (how === 'cut') storage.put(path, file.bytes.subarray(0, file.bytes.length / 2), OLD_MS);
  else if (how === 'unreadable') storage.unreadable.add(path);
  else if (how === 'another') storage.put(path, JSON.stringify([imageId(99)]), OLD_MS);
  else if (!isTag(path)) storage.files.delete(path);
};
