import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collect } from '../../src/collections/engine/collect.js';
import { FileJournal } from '../../src/collections/engine/file-journal.js';
import { heal } from '../../src/collections/engine/heal.js';
import { purge } from '../../src/collections/engine/purge.js';
import { undo } from '../../src/collections/engine/undo.js';
import * as layout from '../../src/storage/layout.js';
import { digestOf, type Digest } from '../../src/oci/digest.js';
import { COLLECT_UNTAGGED, KEEP, OPTIONS, collectIn, surveyorIn, toolsIn } from './collecting.js';
import { StoreFiles, type StoredImage } from './store-files.js';

const all = ({ digest, config, layers }: StoredImage): Digest[] => [digest, config, ...layers];

const aStore = () => {
  const files = new StoreFiles();
  const living = files.image('team/app', { tags: ['v1'], layers: ['base'] });
  const dead = files.image('team/app', { layers: ['dead'] });
  files.deleteThroughApi('team/app', dead.digest);
  return { files, living, dead };
};

describe('from quarantine comes back', () => {
  it('a link to an untagged manifest that a tag leads to again, with all that it needs', async () => {
    const { files } = aStore();
    const loose = files.image('team/app', { layers: ['loose'] });
    await collectIn(files.root, COLLECT_UNTAGGED);
    expect(files.has(layout.revisionLink('team/app', loose.digest))).toBe(false);
    files.tag('team/app', 'again', loose.digest);
    await heal(surveyorIn(files.root), new FileJournal(files.root));
    expect(files.has(layout.revisionLink('team/app', loose.digest))).toBe(true);
    for (const digest of all(loose)) expect(files.hasBlob(digest)).toBe(true);
  });

  it('what a manifest may refer to whose repository cannot be read for certain', async () => {
    const { files, living, dead } = aStore();
    await collectIn(files.root);
    const [layer] = dead.layers;
    files.blob(JSON.stringify({ layers: [...living.layers, layer] }));
    files.put(layout.revisionLink('team/app', digestOf(Buffer.from('lost'))), '');
    await heal(surveyorIn(files.root), new FileJournal(files.root));
    expect(layer && files.hasBlob(layer)).toBe(true);
  });

  it('what is needed again, at the beginning of the next run, whether that takes anything or not', async () => {
    const { files, dead } = aStore();
    await collectIn(files.root);
    files.put(layout.revisionLink('team/app', dead.digest), dead.digest);
    const options = { ...KEEP, ...OPTIONS, newRunId: () => 'run-2' };
    const mayGoOn = (): boolean => false;
    const { broughtBack } = await collect(surveyorIn(files.root), new FileJournal(files.root), options, {
      mayGoOn,
    });
    expect(broughtBack).toBeGreaterThan(0);
    expect(files.hasBlob(dead.digest)).toBe(true);
  });

  it('no file onto one of another size that is there by now, nor does its own copy go', async () => {
    const { files, dead } = aStore();
    await collectIn(files.root);
    const journal = new FileJournal(files.root);
    const entry = (await journal.list(['quarantined'])).find(({ digest }) => digest === dead.config);
    if (!entry) throw new Error('the configuration was not taken');
    const path = layout.blobData(dead.config);
    files.put(path, 'half');
    await undo(toolsIn(files.root).storage, journal, 'run-1');
    expect(fs.readFileSync(join(files.root, path), 'utf8')).toBe('half');
    expect(files.has(layout.quarantined(entry.run, entry.batch, entry.item, entry.digest, 0))).toBe(true);
  });
});

describe('what a crash left half taken is whole again after', () => {
  /** A blob of which the link has moved, and nothing else. */
  const halfTaken = async (files: StoreFiles, { config }: StoredImage): Promise<FileJournal> => {
    const journal = new FileJournal(files.root);
    const paths = [layout.blobData(config), layout.layerLink('team/app', config)];
    await journal.startRun('run-1', 1);
    const head = { run: 'run-1', batch: 1, item: 0, repository: null, atMs: 1, sizeBytes: 1 };
    const rest = { because: 'layer_unreferenced', emptyFolders: [] } as const;
    await journal.append([{ ...head, digest: config, files: paths, ...rest }]);
    const to = layout.quarantined('run-1', 1, 0, config, 1);
    await toolsIn(files.root).storage.moveMany([{ from: paths[1] ?? '', to }]);
    return journal;
  };

  it.each([
    [
      'a collection that may not go on',
      (files: StoreFiles, journal: FileJournal) =>
        collect(surveyorIn(files.root), journal, { ...KEEP, ...OPTIONS }, { mayGoOn: () => false }),
    ],
    ['the healer', (files: StoreFiles, journal: FileJournal) => heal(surveyorIn(files.root), journal)],
    [
      'an undo',
      (files: StoreFiles, journal: FileJournal) => undo(toolsIn(files.root).storage, journal, 'run-1'),
    ],
    [
      'a purge',
      (files: StoreFiles, journal: FileJournal) => purge(surveyorIn(files.root), journal, Date.now()),
    ],
  ] as const)('%s', async (_, work) => {
    const { files, dead } = aStore();
    const journal = await halfTaken(files, dead);
    expect(files.has(layout.layerLink('team/app', dead.config))).toBe(false);
    await work(files, journal);
    expect(files.has(layout.layerLink('team/app', dead.config))).toBe(true);
    expect(files.hasBlob(dead.config)).toBe(true);
    expect((await journal.list(['restored'])).map(({ digest }) => digest)).toEqual([dead.config]);
  });
});
