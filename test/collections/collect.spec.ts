import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collect } from '../../src/collections/engine/collect.js';
import { FileJournal } from '../../src/collections/engine/file-journal.js';
import { heal } from '../../src/collections/engine/heal.js';
import { purge } from '../../src/collections/engine/purge.js';
import { settle } from '../../src/collections/engine/settle.js';
import type { CollectRules } from '../../src/collections/engine/survey.js';
import { undo } from '../../src/collections/engine/undo.js';
import * as layout from '../../src/storage/layout.js';
import { digestOf, type Digest } from '../../src/oci/digest.js';
import {
  COLLECT_UNTAGGED,
  KEEP,
  OPTIONS,
  collectIn,
  digestsOf,
  surveyIn,
  surveyorIn,
  toolsIn,
} from './collecting.js';
import { StoreFiles, type StoredImage } from './store-files.js';
import { treeOf } from './temporary-tree.js';

const all = ({ digest, config, layers }: StoredImage): Digest[] => [digest, config, ...layers];

/** One living image, and one that was deleted through the API; they share a layer. */
const aStore = () => {
  const files = new StoreFiles();
  const living = files.image('team/app', { tags: ['v1'], layers: ['base', 'one'] });
  const dead = files.image('team/app', { tags: ['v2'], layers: ['base', 'two'] });
  files.deleteThroughApi('team/app', dead.digest);
  const garbage = [dead.digest, dead.config, digestOf(Buffer.from('two'))].sort();
  return { files, living, dead, garbage };
};

describe('what may go', () => {
  it('is what a deleted image alone held, each blob once (TRAPS 25)', async () => {
    const { files, garbage } = aStore();
    const found = await surveyIn(files.root);
    expect(digestsOf(found)).toEqual(garbage);
    const bytes = garbage.map((digest) => fs.statSync(join(files.root, layout.blobData(digest))).size);
    expect([...found.blobs].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBe(
      bytes.reduce((a, b) => a + b),
    );
    expect(found.faults).toEqual([]);
  });

  it('is nothing younger than the grace period, by the blob or by a link to it', async () => {
    const { files, dead } = aStore();
    files.modifiedMs = Date.now();
    // An upload of a blob that exists leaves the blob as it is, and writes the link anew (v2:blobwriter.go).
    files.put(layout.layerLink('another/app', dead.config), dead.config);
    files.put(layout.blobData(dead.digest), fs.readFileSync(join(files.root, layout.blobData(dead.digest))));
    const found = await surveyIn(files.root);
    expect(digestsOf(found)).toEqual([digestOf(Buffer.from('two'))]);
    expect(found.young.count).toBe(2);
  });

  it('is nothing in a repository without _layers or without tags (TRAPS 23)', async () => {
    const { files, living, garbage } = aStore();
    const untagged = files.image('only/digests', { layers: ['three'] });
    files.remove(layout.layers('team/app'));
    const found = await surveyIn(files.root);
    expect(digestsOf(found)).toEqual(garbage);
    for (const digest of [...all(living), ...all(untagged)]) expect(garbage).not.toContain(digest);
  });

  it('is nothing that another repository, or an index of one, needs (TRAPS 11, 27)', async () => {
    const { files, dead, garbage } = aStore();
    const child = files.image('team', { layers: ['two'] });
    const inner = files.index('team', [child.digest]);
    const outer = files.index('team', [inner], ['multi']);
    // The child is held by its index alone.
    files.deleteThroughApi('team', child.digest);
    files.deleteThroughApi('team', inner);
    const found = digestsOf(await surveyIn(files.root));
    expect(found).toEqual(garbage.filter((digest) => digest !== digestOf(Buffer.from('two'))));
    for (const digest of [outer, inner, ...all(child)]) expect(found).not.toContain(digest);
    expect(found).toContain(dead.digest);
  });

  it('is nothing that a dangling tag names (TRAPS 14)', async () => {
    const { files, living, garbage } = aStore();
    files.remove(layout.revisionLink('team/app', living.digest));
    expect(digestsOf(await surveyIn(files.root))).toEqual(garbage);
  });

  it('is nothing that a schema1 image and its signatures kept apart name', async () => {
    const { files, garbage } = aStore();
    const layer = files.layer('old/app', 'old layer');
    const signature = files.blob('a signature');
    const fsLayers = [{ blobSum: layer }];
    const digest = files.manifest('old/app', { schemaVersion: 1, name: 'old/app', fsLayers }, ['v1']);
    const link = `${layout.revisionSignatures('old/app', digest)}/${signature.replace(':', '/')}/link`;
    files.put(link, signature);
    expect(digestsOf(await surveyIn(files.root))).toEqual(garbage);
  });

  it('is nothing that a layer link names under another digest', async () => {
    const { files, garbage } = aStore();
    const bytes = Buffer.from('stored once');
    const stored = files.layer('alias/app', 'stored once');
    const asked = digestOf(bytes, 'sha512');
    files.put(layout.layerLink('alias/app', asked), stored);
    files.manifest('alias/app', { schemaVersion: 2, layers: [{ mediaType: 'x', digest: asked, size: 1 }] }, [
      'v1',
    ]);
    expect(digestsOf(await surveyIn(files.root))).toEqual(garbage);
  });

  it.each([
    ['in a manifest that is not of a known shape', { mediaType: 'x' }, { later: 'key' }],
    ['as a layer that need not be here', { mediaType: 'x', urls: ['https://elsewhere'] }, {}],
  ])('is nothing that a layer link names under another digest %s', async (_, layer, more) => {
    const { files, garbage } = aStore();
    const stored = files.layer('alias/app', 'stored once');
    const asked = digestOf(Buffer.from('stored once'), 'sha512');
    files.put(layout.layerLink('alias/app', asked), stored);
    const layers = [{ ...layer, digest: asked, size: 1 }];
    files.manifest('alias/app', { schemaVersion: 2, layers, ...more }, ['v1']);
    expect(digestsOf(await surveyIn(files.root))).toEqual(garbage);
  });

  it('is no layer that need not be here, and is', async () => {
    const { files, garbage } = aStore();
    const digest = files.layer('windows/app', 'a base that is not to be distributed');
    const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
    files.manifest('windows/app', { schemaVersion: 2, layers: [{ mediaType, digest, size: 1 }] }, ['v1']);
    expect(digestsOf(await surveyIn(files.root))).toEqual(garbage);
  });

  it('is, of untagged images, what no index and no subject holds (TRAPS 21)', async () => {
    const { files, living, garbage } = aStore();
    const child = files.image('team/app', { layers: ['child'] });
    files.index('team/app', [child.digest], ['multi']);
    const signature = files.image('team/app', { layers: ['signature'], subject: living.digest });
    const listed = files.image('team/app', { layers: ['listed'] });
    files.index('team/app', [listed.digest], [living.digest.replace(':', '-')]);
    const loose = files.image('team/app', { layers: ['loose'] });
    const found = await surveyIn(files.root, COLLECT_UNTAGGED);
    expect(digestsOf(found)).toEqual([...garbage, ...all(loose)].sort());
    for (const digest of [child, signature, listed].flatMap(all)) {
      expect(digestsOf(found)).not.toContain(digest);
    }
  });

  it('is nothing, of untagged images, that is held there, nor what it needs or what speaks about it', async () => {
    const { files, garbage } = aStore();
    const child = files.image('team/app', { layers: ['child'] });
    const held = files.index('team/app', [child.digest]);
    const signature = files.image('team/app', { layers: ['signature'], subject: held });
    const loose = files.image('team/app', { layers: ['loose'] });
    const elsewhere = files.image('other', { layers: ['loose'] });
    const isHeld = (repository: string, digest: string): boolean =>
      repository === 'team/app' && digest === held;
    const heldNow = async () => isHeld;
    const found = await surveyIn(files.root, { ...COLLECT_UNTAGGED, heldNow });
    const goes = new Set([...garbage, ...all(loose), ...all(elsewhere)]);
    expect(digestsOf(found)).toEqual([...goes].sort());
    for (const digest of [held, ...[child, signature].flatMap(all)]) expect(goes).not.toContain(digest);
  });
});

describe('what cannot be read', () => {
  it.each([
    ['an empty revision link', ''],
    ['a corrupt revision link', 'sha256:1234'],
  ])('%s is named, and takes only its own repository out of the run (TRAPS 22)', async (_, content) => {
    const { files, garbage } = aStore();
    const other = files.image('other/app', { tags: ['v1'], layers: ['mine'] });
    const gone = files.image('other/app', { tags: ['v2'], layers: ['mine', 'yours'] });
    files.deleteThroughApi('other/app', gone.digest);
    const link = layout.revisionLink('other/app', other.digest);
    files.put(link, content);
    const found = await surveyIn(files.root);
    expect(found.faults).toEqual([expect.objectContaining({ path: link, undecided: 'repository' })]);
    expect(digestsOf(found)).toEqual(garbage);
    // All that the lost link could have meant stays: the deleted image of that repository, too.
    expect(found.kept.count).toBe(all(gone).length - 1);
  });

  it('a place that may hold repositories stops everything', async () => {
    const { files } = aStore();
    const outside = new StoreFiles();
    outside.image('hidden', { tags: ['v1'], layers: ['two'] });
    fs.symlinkSync(
      join(outside.root, layout.repositoryFolder('hidden')),
      join(files.root, layout.repositoryFolder('linked')),
    );
    const found = await surveyIn(files.root);
    expect(found.blocked).toContain(layout.repositoryFolder('linked'));
    expect(digestsOf(found)).toEqual([]);
    expect((await collectIn(files.root)).blobs).toBe(0);
  });

  it('a storage whose repositories are not there is not all garbage', async () => {
    const { files } = aStore();
    files.remove(layout.REPOSITORIES);
    expect((await surveyIn(files.root)).blocked).toContain('holds no repository');
    fs.mkdirSync(join(files.root, layout.REPOSITORIES));
    expect((await surveyIn(files.root)).blocked).toContain('holds no repository');
  });

  it('missing and damaged blobs are named with their paths', async () => {
    const { files, living, garbage } = aStore();
    const damaged = files.image('broken/app', { tags: ['v1'], layers: ['x'] });
    files.put(layout.blobData(damaged.digest), '{"schemaVersion":2}');
    files.remove(layout.blobFolder(living.config));
    const found = await surveyIn(files.root);
    expect(found.faults.map(({ path, undecided }) => [path, undecided]).sort()).toEqual(
      [
        [layout.blobData(living.config), 'nothing'],
        [layout.blobData(damaged.digest), 'repository'],
      ].sort(),
    );
    expect(digestsOf(found)).toEqual(garbage);
  });
});

describe('a collection', () => {
  it('takes garbage with its links and empty folders, and undo brings the whole tree back', async () => {
    const { files, dead, living, garbage } = aStore();
    const before = treeOf(files.root);
    const result = await collectIn(files.root);
    expect([result.blobs, result.isFinished, result.broughtBack]).toEqual([garbage.length, true, 0]);
    for (const digest of garbage) expect(files.has(layout.blobFolder(digest))).toBe(false);
    expect(files.has(layout.revisionFolder('team/app', dead.digest))).toBe(false);
    expect(files.has(layout.layerFolder('team/app', dead.config))).toBe(false);
    for (const digest of all(living)) expect(files.hasBlob(digest)).toBe(true);
    expect((await collectIn(files.root)).blobs).toBe(0);

    const journal = new FileJournal(files.root);
    await undo(toolsIn(files.root).storage, journal, 'run-1');
    expect(treeOf(files.root, { without: [layout.OWN] })).toEqual(before);
    await undo(toolsIn(files.root).storage, new FileJournal(files.root), 'run-1');
    expect(treeOf(files.root, { without: [layout.OWN] })).toEqual(before);
  });

  it('takes untagged manifests with their links, and undo brings them back', async () => {
    const { files } = aStore();
    const loose = files.image('team/app', { tags: ['moved'], layers: ['loose'] });
    files.tag('team/app', 'moved', files.image('team/app', { layers: ['newer'] }).digest);
    const before = treeOf(files.root);
    await collectIn(files.root, COLLECT_UNTAGGED);
    expect(files.has(layout.revisionFolder('team/app', loose.digest))).toBe(false);
    expect(files.has(layout.tagHistoryLink('team/app', 'moved', loose.digest))).toBe(false);
    expect(files.hasBlob(loose.digest)).toBe(false);
    await undo(toolsIn(files.root).storage, new FileJournal(files.root), 'run-1');
    expect(treeOf(files.root, { without: [layout.OWN] })).toEqual(before);
  });

  /** A run that takes untagged manifests; `meanwhile` happens once, after the look and before the first batch. */
  const journaledOf = async (
    files: StoreFiles,
    meanwhile: () => void,
    heldNow?: CollectRules['heldNow'],
  ): Promise<string[]> => {
    let isDone = false;
    const mayGoOn = (): boolean => {
      if (!isDone) meanwhile();
      return (isDone = true);
    };
    const journal = new FileJournal(files.root);
    const rules = { ...COLLECT_UNTAGGED, ...(heldNow && { heldNow }) };
    await collect(surveyorIn(files.root), journal, { ...rules, ...OPTIONS }, { mayGoOn });
    return (await journal.list(['quarantined', 'restored'])).map(({ digest }) => digest);
  };

  it('leaves an untagged manifest that is pushed again, or comes to be held, between the look and its batch', async () => {
    const { files, garbage } = aStore();
    const names = ['pushed', 'held', 'gone', 'loose'] as const;
    const [pushed, held, gone, loose] = names.map((name) => files.image('team/app', { layers: [name] }));
    const digest = (image?: StoredImage): string => image?.digest ?? '';
    const link = (image?: StoredImage): string => layout.revisionLink('team/app', digest(image));
    let holds: string[] = [];
    const journaled = await journaledOf(
      files,
      () => {
        files.modifiedMs = Date.now();
        files.put(link(pushed), digest(pushed));
        files.remove(link(gone));
        holds = [digest(held)];
      },
      async () => (_, asked) => holds.includes(asked),
    );
    expect(journaled).not.toContain(digest(pushed));
    expect(journaled).not.toContain(digest(held));
    expect(journaled.filter((each) => each === digest(gone))).toHaveLength(1);
    expect(journaled.filter((each) => each === digest(loose))).toHaveLength(2);
    for (const image of [pushed, held]) {
      expect(files.has(link(image))).toBe(true);
      for (const each of image ? all(image) : []) expect(files.hasBlob(each)).toBe(true);
    }
    for (const each of [...garbage, digest(loose), digest(gone)])
      expect(files.hasBlob(each as Digest)).toBe(false);
  });

  it('never takes a deleted manifest that a repository has again, whose blob a push leaves as it is', async () => {
    const { files, dead } = aStore();
    const journaled = await journaledOf(files, () =>
      files.put(layout.revisionLink('team/app', dead.digest), dead.digest),
    );
    expect(journaled).not.toContain(dead.digest);
    for (const each of all(dead)) expect(files.hasBlob(each)).toBe(true);
  });

  it('heals an image that is pushed again without its blobs (TRAPS 19)', async () => {
    const { files, dead, garbage } = aStore();
    const manifest = fs.readFileSync(join(files.root, layout.blobData(dead.digest)));
    await collectIn(files.root);
    // The registry's stale cache says that every blob exists; only links are written.
    files.put(layout.revisionLink('team/app', dead.digest), dead.digest);
    files.tag('team/app', 'v2', dead.digest);
    expect(await heal(surveyorIn(files.root), new FileJournal(files.root))).toBe(garbage.length);
    expect(fs.readFileSync(join(files.root, layout.blobData(dead.digest)))).toEqual(manifest);
    for (const digest of all(dead)) {
      expect(files.hasBlob(digest)).toBe(true);
      if (digest !== dead.digest) expect(files.has(layout.layerLink('team/app', digest))).toBe(true);
    }
    expect(await heal(surveyorIn(files.root), new FileJournal(files.root))).toBe(0);
  });

  it('brings back, with all that it needs, what is pushed again while it sweeps', async () => {
    const { files, dead, garbage } = aStore();
    const surveyor = surveyorIn(files.root);
    const options = { ...KEEP, ...OPTIONS };
    const result = await collect(surveyor, new FileJournal(files.root), options, {
      aroundBatch: async (work) => {
        const moved = await work();
        const isGone = !files.hasBlob(dead.digest);
        if (isGone) files.put(layout.revisionLink('team/app', dead.digest), dead.digest);
        return moved;
      },
    });
    expect(result.broughtBack).toBe(garbage.length);
    for (const digest of all(dead)) expect(files.hasBlob(digest)).toBe(true);
  });

  it('undoes no link to an untagged manifest that somebody else removed from the quarantine', async () => {
    const { files } = aStore();
    const loose = files.image('team/app', { layers: ['loose'] });
    const link = layout.revisionLink('team/app', loose.digest);
    await collectIn(files.root, COLLECT_UNTAGGED);
    const journal = new FileJournal(files.root);
    const away = (await journal.list(['quarantined'])).find(
      ({ digest, repository }) => digest === loose.digest && repository === null,
    );
    if (!away) throw new Error('the manifest was not taken');
    files.remove(layout.quarantined(away.run, away.batch, away.item, away.digest, 0));
    const { missing } = await undo(toolsIn(files.root).storage, journal, 'run-1');
    expect([missing, files.has(link)]).toEqual([2, false]);
    expect((await journal.list(['quarantined'])).map(({ digest }) => digest)).toEqual([
      loose.digest,
      loose.digest,
    ]);
  });

  it('brings back a blob that is only linked anew: a push under way', async () => {
    const { files, dead } = aStore();
    await collectIn(files.root);
    files.put(layout.layerLink('elsewhere', dead.config), dead.config);
    expect(await heal(surveyorIn(files.root), new FileJournal(files.root))).toBe(1);
    expect(files.hasBlob(dead.config)).toBe(true);
  });

  it('that was cut off in the middle keeps links whose blob somebody removed meanwhile, for the time that it is back', async () => {
    const { files, dead } = aStore();
    const content = fs.readFileSync(join(files.root, layout.blobData(dead.config)));
    const [blob, link] = [layout.blobData(dead.config), layout.layerLink('team/app', dead.config)];
    const linkAway = layout.quarantined('run-1', 1, 0, dead.config, 1);
    const journal = new FileJournal(files.root);
    await journal.startRun('run-1', 1);
    const head = { run: 'run-1', batch: 1, item: 0, repository: null, because: 'deleted' as const };
    const rest = { sizeBytes: content.length, files: [blob, link], emptyFolders: [], atMs: 1 };
    await journal.append([{ ...head, digest: dead.config, ...rest }]);
    await toolsIn(files.root).storage.moveMany([{ from: link, to: linkAway }]);
    files.remove(layout.blobFolder(dead.config));
    await settle(toolsIn(files.root).storage, journal);
    expect((await journal.list(['quarantined'])).map(({ digest }) => digest)).toEqual([dead.config]);
    expect([files.has(linkAway), files.has(link)]).toEqual([true, false]);
    files.put(blob, content);
    await undo(toolsIn(files.root).storage, new FileJournal(files.root), 'run-1');
    expect([files.has(linkAway), files.has(link), files.hasBlob(dead.config)]).toEqual([false, true, true]);
  });

  it('says what somebody else removed from the quarantine, and leaves its links out until it is there again', async () => {
    const { files, dead, garbage } = aStore();
    await collectIn(files.root);
    const journal = new FileJournal(files.root);
    const waiting = (await journal.list(['quarantined'])).find(({ digest }) => digest === dead.config);
    if (!waiting) throw new Error('the configuration is not in quarantine');
    const inQuarantine = layout.quarantined(waiting.run, waiting.batch, waiting.item, dead.config, 0);
    const content = fs.readFileSync(join(files.root, inQuarantine));
    files.remove(inQuarantine);
    const { storage } = toolsIn(files.root);
    const undone = await undo(storage, new FileJournal(files.root), waiting.run);
    expect([undone.entries, undone.missing, undone.purged]).toEqual([garbage.length - 1, 1, 0]);
    expect(files.has(layout.layerLink('team/app', dead.config))).toBe(false);
    // Needed, and not there: the healer has nothing to bring back, and no reason to try for ever.
    files.put(layout.layerLink('elsewhere', dead.config), dead.config);
    expect(await heal(surveyorIn(files.root), new FileJournal(files.root))).toBe(0);
    files.put(inQuarantine, content);
    expect(await heal(surveyorIn(files.root), new FileJournal(files.root))).toBe(1);
    expect(files.hasBlob(dead.config)).toBe(true);
    expect(files.has(layout.layerLink('team/app', dead.config))).toBe(true);
  });

  it('purges only what waited long enough, and nothing while anything is in doubt', async () => {
    const { files, living, garbage } = aStore();
    await collectIn(files.root);
    const early = await purge(surveyorIn(files.root), new FileJournal(files.root), Date.now() - 60_000);
    expect(early.entries).toBe(0);
    files.put(layout.revisionLink('team/app', living.digest), '');
    const doubtful = await purge(surveyorIn(files.root), new FileJournal(files.root), Date.now() + 1000);
    expect([doubtful.entries, doubtful.blocked]).toEqual([0, expect.stringContaining('revisions')]);
    files.put(layout.revisionLink('team/app', living.digest), living.digest);
    const late = await purge(surveyorIn(files.root), new FileJournal(files.root), Date.now() + 1000);
    expect(late.entries).toBe(garbage.length);
    expect(treeOf(files.root).filter((line) => line.startsWith(layout.quarantineRun('run-1')))).toEqual([]);
    const undone = await undo(toolsIn(files.root).storage, new FileJournal(files.root), 'run-1');
    expect([undone.entries, undone.purged]).toEqual([0, garbage.length]);
  });

  it('looks again while it purges for long, and brings back what was pushed meanwhile (TRAPS 19)', async () => {
    const { files } = aStore();
    for (let i = 0; i < 501; i++) files.blob(`stray ${i}`);
    await collectIn(files.root);
    const waiting = async () => new FileJournal(files.root).list(['quarantined']);
    const before = (await waiting()).length;
    let pushed: Digest | undefined;
    const mayGoOn = async (): Promise<boolean> => {
      const left = await waiting();
      if (left.length < before && pushed === undefined) {
        pushed = left[0]?.digest;
        if (pushed) files.put(layout.layerLink('elsewhere', pushed), pushed);
      }
      return true;
    };
    const hooks = { mayGoOn, remarkAfterMs: -1 };
    const purged = await purge(surveyorIn(files.root), new FileJournal(files.root), Date.now() + 1000, hooks);
    expect(purged).toMatchObject({ entries: before - 1, broughtBack: 1, blocked: null, isFinished: true });
    expect(pushed && files.hasBlob(pushed)).toBe(true);
  });

  it('purges no more once doubt has come up, or it may not go on', async () => {
    const { files, living } = aStore();
    for (let i = 0; i < 501; i++) files.blob(`stray ${i}`);
    await collectIn(files.root);
    const journal = new FileJournal(files.root);
    let asked = 0;
    const stopped = await purge(surveyorIn(files.root), journal, Date.now() + 1000, {
      mayGoOn: async () => asked++ > 0,
    });
    expect(stopped).toMatchObject({ entries: 0, blocked: null, isFinished: false });
    const mayGoOn = async (): Promise<boolean> => {
      if ((await journal.list(['purged'])).length > 0) {
        files.put(layout.revisionLink('team/app', living.digest), '');
      }
      return true;
    };
    const hooks = { mayGoOn, remarkAfterMs: -1 };
    const doubtful = await purge(surveyorIn(files.root), journal, Date.now() + 1000, hooks);
    expect(doubtful).toMatchObject({ entries: 500, isFinished: true });
    expect(doubtful.blocked).toContain('revisions');
    expect((await journal.list(['quarantined'])).length).toBe(4);
  });
});
