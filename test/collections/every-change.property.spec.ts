import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect } from '../../src/collections/engine/collect.js';
import { surveyorWith } from '../../src/collections/engine/garbage-look.js';
import { heal } from '../../src/collections/engine/heal.js';
import type { EntryState, QuarantineEntry } from '../../src/collections/engine/journal.js';
import { purge } from '../../src/collections/engine/purge.js';
import { survey } from '../../src/collections/engine/survey.js';
import { undo } from '../../src/collections/engine/undo.js';
import { blobData, layerLink, OWN, quarantined } from '../../src/storage/layout.js';
import { digestSchema } from '../../src/oci/digest.js';
import { KEEP, toolsFor } from './collecting.js';
import { livingDigests } from './liveness-model.js';
import { MemoryJournal } from './memory-journal.js';
import { MemoryStorage } from './memory-storage.js';
import { BuiltWorld, GRACE_MS, NOW_MS, OLD_MS, worlds, type World } from './world.js';

const RUNS = 100;
const OPTIONS = { newRunId: () => 'run', batchSize: 2, remarkAfterMs: Infinity };
const RULES = {
  keep: { graceMs: GRACE_MS, untaggedMinAgeMs: null },
  collect: { graceMs: GRACE_MS, untaggedMinAgeMs: GRACE_MS },
} as const;

/** A journal that tells of each change before it is made, and may be killed in its place. */
class ToldJournal extends MemoryJournal {
  beforeChange: (change: string) => void = () => undefined;

  override async append(entries: readonly QuarantineEntry[]): Promise<void> {
    this.beforeChange('append');
    await super.append(entries);
  }

  override async commit(entries: readonly QuarantineEntry[], state: EntryState): Promise<void> {
    this.beforeChange(`commit ${state}`);
    await super.commit(entries, state);
  }
}

class Killed extends Error {}

const OLD = { isWide: false, isYoung: false };

const ONE_STRAY_LAYER: World = {
  blobs: [OLD],
  manifests: [],
  repositories: [{ name: 'a', pushed: [], deleted: [], tags: [], strayLayers: [0] }],
};

/** Of a layer of its own. */
const ONE_IMAGE: World = {
  blobs: [OLD, OLD],
  manifests: [{ kind: 'image', blobs: [1], children: [], subject: null, isYoung: false }],
  repositories: [
    { name: 'b', pushed: [0], deleted: [], tags: [{ tag: 'v1', manifest: 0 }], strayLayers: [] },
  ],
};

/** A registry's files in memory with the journal of what was taken from them. */
class Stage {
  readonly storage = new MemoryStorage();
  readonly journal = new ToldJournal();
  readonly before: ReadonlyMap<string, string>;

  constructor(readonly built: BuiltWorld) {
    built.write((path, content, modifiedMs) => this.storage.put(path, content, modifiedMs));
    this.before = this.content();
  }

  content(): Map<string, string> {
    const files = [...this.storage.files].filter(([path]) => !path.startsWith(`${OWN}/`)).sort();
    return new Map(files.map(([path, { bytes }]) => [path, Buffer.from(bytes).toString('base64')]));
  }

  surveyor() {
    return surveyorWith(toolsFor(this.storage, () => NOW_MS));
  }

  collect(untagged: keyof typeof RULES) {
    return collect(this.surveyor(), this.journal, { ...RULES[untagged], ...OPTIONS });
  }

  purge() {
    return purge(this.surveyor(), this.journal, NOW_MS);
  }

  atEveryChange(look: (change: string) => void): void {
    this.storage.beforeChange = look;
    this.journal.beforeChange = look;
  }

  /** Does `work`, and is killed in place of its nth change. False where it came to its end before. */
  async killedAt(n: number, work: () => Promise<unknown>): Promise<boolean> {
    let changes = 0;
    this.atEveryChange(() => {
      changes += 1;
      if (changes >= n) throw new Killed();
    });
    try {
      await work();
      return false;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      return true;
    } finally {
      this.atEveryChange(() => undefined);
    }
  }

  /** Links of layers and manifests that name a blob which was there, and is not. */
  brokenLinks(): string[] {
    return [...this.storage.files].flatMap(([path, { bytes }]) => {
      if (path.startsWith(`${OWN}/`) || !/\/(_layers|revisions)\/.*\/link$/.test(path)) return [];
      const blob = blobData(digestSchema.parse(Buffer.from(bytes).toString()));
      return this.before.has(blob) && !this.storage.files.has(blob) ? [path] : [];
    });
  }

  /** What the journal says has gone, and has not. */
  saidTooEarly(): string[] {
    const gone = [...this.journal.entries.values()].filter(({ state }) => state === 'quarantined');
    return gone.flatMap(({ files }) => files.filter((path) => this.storage.files.has(path)));
  }

  /** What left the registry, and does not wait where the journal says it does. */
  lost(): string[] {
    const waiting = new Set<string>();
    for (const entry of this.journal.entries.values()) {
      for (const [n, path] of entry.files.entries()) {
        const { run, batch, item, digest } = entry;
        if (this.storage.files.has(quarantined(run, batch, item, digest, n))) waiting.add(path);
      }
    }
    return [...this.before.keys()].filter((path) => !this.storage.files.has(path) && !waiting.has(path));
  }
}

const untaggedRules = fc.constantFrom<(keyof typeof RULES)[]>('keep', 'collect');
const changes = fc.integer({ min: 1, max: 60 });

describe('between any two changes', () => {
  it('of a collection no link is left without its blob, the journal is true, and all that lives is there', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, untaggedRules, async (world, untagged) => {
        const stage = new Stage(new BuiltWorld(world));
        const living = [...livingDigests(stage.built, untagged)].map(blobData);
        stage.atEveryChange((change) => {
          expect([change, stage.brokenLinks()]).toEqual([change, []]);
          expect([change, stage.lost()]).toEqual([change, []]);
          expect([change, stage.saidTooEarly()]).toEqual([change, []]);
          expect(living.filter((path) => stage.before.has(path) && !stage.storage.files.has(path))).toEqual(
            [],
          );
        });
        await stage.collect(untagged);
      }),
      { numRuns: RUNS },
    );
  });

  it('of a collection or its undo it may be killed: run again each comes to its end, and every file is back', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, untaggedRules, changes, changes, async (world, untagged, first, second) => {
        const undisturbed = new Stage(new BuiltWorld(world));
        await undisturbed.collect(untagged);
        const stage = new Stage(new BuiltWorld(world));
        await stage.killedAt(first, () => stage.collect(untagged));
        await stage.collect(untagged);
        expect(stage.content()).toEqual(undisturbed.content());
        const takeBack = () => undo(stage.storage, stage.journal, 'run');
        await stage.killedAt(second, takeBack);
        expect(stage.brokenLinks()).toEqual([]);
        await takeBack();
        expect(stage.content()).toEqual(stage.before);
      }),
      { numRuns: RUNS / 2 },
    );
  });

  it('of a purge it may be killed: each blob whose turn had not come is back with its links by an undo', async () => {
    let wereLeft = 0;
    await fc.assert(
      fc.asyncProperty(worlds, untaggedRules, changes, async (world, untagged, n) => {
        const stage = new Stage(new BuiltWorld(world));
        await stage.collect(untagged);
        await stage.killedAt(n, () => stage.purge());
        const waited = [...stage.journal.entries.values()].filter(({ run, batch, item, digest }) =>
          stage.storage.files.has(quarantined(run, batch, item, digest, 0)),
        );
        await undo(stage.storage, stage.journal, 'run');
        for (const { files, repository } of waited) {
          // A link to an untagged manifest stays out without the manifest.
          if (repository === null) expect(files.filter((path) => !stage.storage.files.has(path))).toEqual([]);
        }
        wereLeft += waited.length;
      }),
      { numRuns: RUNS },
    );
    expect(wereLeft).toBeGreaterThan(RUNS / 10);
  });

  it('of a purge that is killed, what is needed again by then comes back', async () => {
    const stage = new Stage(new BuiltWorld(ONE_STRAY_LAYER));
    const digest = stage.built.blob(0);
    await stage.collect('keep');
    expect(stage.storage.files.has(blobData(digest))).toBe(false);
    // Noted as being purged, and nothing deleted yet.
    expect(await stage.killedAt(2, () => stage.purge())).toBe(true);
    expect((await stage.journal.list(['purging'])).map((entry) => entry.digest)).toEqual([digest]);
    stage.storage.put(layerLink('elsewhere', digest), digest);
    expect(await heal(stage.surveyor(), stage.journal)).toBe(1);
    expect(stage.storage.files.has(blobData(digest))).toBe(true);
  });
});

it('a push at any moment of a look is never among what may go, however old its files say they are', async () => {
  const built = new BuiltWorld(ONE_IMAGE);
  const pushed: string[] = [built.manifest(0), built.blob(1)];
  let moments = 0;
  for (let moment = 1, wasPushed = true; wasPushed; moment++) {
    wasPushed = false;
    const storage = new MemoryStorage();
    new BuiltWorld(ONE_STRAY_LAYER).write((path, content) => storage.put(path, content, OLD_MS));
    // The places where its blobs are going to lie are there already, and listed whatever comes.
    for (const digest of pushed) storage.put(blobData(digest.replace(/.{62}$/, '0'.repeat(62))), '', OLD_MS);
    let calls = 0;
    const push = (): void => {
      calls += 1;
      if (calls !== moment) return;
      wasPushed = true;
      moments += 1;
      built.write((path, content) => storage.put(path, content, OLD_MS));
    };
    const watched = new Proxy(storage, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          push();
          return Reflect.apply(value, target, args);
        };
      },
    });
    const tools = toolsFor(watched, () => NOW_MS);
    const garbage = await survey(tools, { ...KEEP, graceMs: 0 });
    const going = [...garbage.blobs].map(({ index }) => garbage.marking.graph.digest(index));
    expect([moment, going.filter((digest) => pushed.includes(digest))]).toEqual([moment, []]);
  }
  expect(moments).toBeGreaterThan(5);
});
