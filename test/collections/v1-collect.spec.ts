import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collect } from '../../src/collections/engine/collect.js';
import { FileJournal } from '../../src/collections/engine/file-journal.js';
import { heal } from '../../src/collections/engine/heal.js';
import { purge } from '../../src/collections/engine/purge.js';
import { KEEP_ALL } from '../../src/collections/engine/survey.js';
import { undo } from '../../src/collections/engine/undo.js';
import { v1SurveyorOf, type ImagesLook } from '../../src/collections/engine/v1/images-look.js';
import { FilesystemStorage } from '../../src/storage/filesystem-storage.js';
import { JOURNAL, OWN } from '../../src/storage/layout.js';
import { v1ImageIdSchema, type Digest } from '../../src/oci/digest.js';
import { KEEP, OPTIONS } from './collecting.js';
import { MemoryStorage } from './memory-storage.js';
import { treeOf } from './temporary-tree.js';
import { imageId, V1Files } from './v1-files.js';

const digest = (id: string): Digest => v1ImageIdSchema.parse(id);
const surveyorOf = ({ root }: V1Files) => v1SurveyorOf(new FilesystemStorage(root), Date.now);
const look = (files: V1Files): Promise<ImagesLook> => surveyorOf(files).look(KEEP);
const journalOf = ({ root }: V1Files): FileJournal => new FileJournal(root);
const collectIn = (files: V1Files) => collect(surveyorOf(files), journalOf(files), { ...KEEP, ...OPTIONS });
const registryTree = ({ root }: V1Files): string[] => treeOf(root, { without: [OWN], withTimes: true });

const goingOf = (found: ImagesLook): string[] =>
  [...found.findings()].flatMap((each) => (each.kind === 'blob' ? [each.digest.slice('v1id:'.length)] : []));

/** A base that two repositories share, an image of each on it, and what a deleted tag left: two images on that base. */
const aStore = () => {
  const files = new V1Files();
  const base = files.image();
  const shared = files.image({ on: base });
  const app = files.image({ on: shared });
  const other = files.image({ on: shared });
  const lost = files.image({ on: base });
  const lostToo = files.image({ on: lost });
  files.tag('team/app', 'v1', app);
  files.tag('other/app/with/depth', 'v1', other);
  files.tag('team/app', 'old', lostToo);
  files.untag('team/app', 'old');
  return { files, base, shared, app, other, lost, lostToo, orphans: [lost, lostToo].sort() };
};

describe('of the old registry’s images', () => {
  it('those go that no tag of any repository is built on, whatever the index of images says', async () => {
    const { files, orphans } = aStore();
    const found = await look(files);
    expect(goingOf(found)).toEqual(orphans);
    expect(found.summary()).toMatchObject({
      repositories: 2,
      manifests: 6,
      garbage: { count: 2 },
      reasons: { image_unreferenced: { count: 2 } },
      young: { count: 0 },
      blocked: null,
      faults: 0,
    });
    const { bytes } = found.summary().garbage;
    const onDisk = orphans.flatMap((id) =>
      fs.readdirSync(join(files.root, 'images', id)).map((name) => join(files.root, 'images', id, name)),
    );
    expect(bytes).toBe(onDisk.reduce((sum, path) => sum + fs.statSync(path).size, 0));
  });

  it('none goes that is young, nor what a young one, not tagged yet, is built on', async () => {
    const { files, lost, lostToo } = aStore();
    files.modifiedMs = Date.now();
    const pushed = files.image({ on: lost });
    expect(goingOf(await look(files))).toEqual([lostToo]);
    files.remove(`images/${pushed}`);
    files.put(`images/${lostToo}/_checksum`, '[]');
    expect(goingOf(await look(files))).toEqual([]);
  });

  it('none goes whose upload has not ended, nor what that is built on', async () => {
    const { files, lost, lostToo } = aStore();
    files.image({ on: lost, inProgress: true });
    expect(goingOf(await look(files))).toEqual([lostToo]);
  });

  it('an image of the first days, with a short id, and a tag that begins with _ are as any other', async () => {
    const { files, orphans } = aStore();
    const short = files.image({}, '0123456789abcdef');
    files.tag('team/app', '_hidden', short);
    const found = await look(files);
    expect(goingOf(found)).toEqual(orphans);
    expect(found.faults).toEqual([]);
    files.untag('team/app', '_hidden');
    expect(goingOf(await look(files))).toEqual(['0123456789abcdef', ...orphans]);
  });

  it('none goes in a place without tags: an unmounted or mistyped one looks so', async () => {
    const { files } = aStore();
    files.untag('team/app', 'v1');
    files.untag('other/app/with/depth', 'v1');
    const found = await look(files);
    expect([goingOf(found), found.blocked]).toEqual([[], 'repositories holds no tag']);
    expect(found.summary().keptInDoubt?.count).toBe(6);
  });

  it('a dry run leaves the whole tree as it was, to the nanosecond (TRAPS 24)', async () => {
    const { files } = aStore();
    const before = treeOf(files.root, { withTimes: true });
    const found = await look(files);
    expect([...found.findings()].length).toBeGreaterThan(2);
    expect(treeOf(files.root, { withTimes: true })).toEqual(before);
  });

  it('why one is still there is answered with the way from a tag to it', async () => {
    const { files, app, other, shared, base, lost } = aStore();
    const found = await look(files);
    const all = (): boolean => true;
    const explain = (id: string, maySee = all) => found.explain(digest(id), maySee);
    const steps = [app, shared, base].map((id, i) => ({
      digest: digest(id),
      role: i === 0 ? 'manifest' : 'parent',
    }));
    expect(await explain(base)).toMatchObject({
      standing: 'needed',
      paths: expect.arrayContaining([{ repository: 'team/app', tag: 'v1', steps }]) as unknown,
    });
    expect((await explain(shared, () => false))?.paths).toEqual([]);
    expect((await explain(other))?.paths).toMatchObject([{ repository: 'other/app/with/depth' }]);
    expect(await explain(lost)).toMatchObject({ standing: 'garbage', because: 'image_unreferenced' });
    expect(await explain(imageId(99))).toBeNull();
  });
});

describe('in doubt', () => {
  type Damage = (store: ReturnType<typeof aStore>) => string;
  const damages: Record<string, Damage> = {
    'an ancestry that is no list': ({ files, app }) => {
      files.put(`images/${app}/ancestry`, '["abc"');
      return `images/${app}/ancestry`;
    },
    'an empty ancestry': ({ files, app }) => {
      files.put(`images/${app}/ancestry`, '');
      return `images/${app}/ancestry`;
    },
    'the ancestry of another image': ({ files, app, base }) => {
      files.put(`images/${app}/ancestry`, JSON.stringify([base]));
      return `images/${app}/ancestry`;
    },
    'an ancestry that names what is no id': ({ files, shared }) => {
      files.put(`images/${shared}/ancestry`, JSON.stringify([shared, '../../etc']));
      return `images/${shared}/ancestry`;
    },
    'a missing ancestry': ({ files, app }) => {
      files.remove(`images/${app}/ancestry`);
      return `images/${app}/ancestry`;
    },
    'an ancestor that lost its own ancestry': ({ files, base }) => {
      files.remove(`images/${base}/ancestry`);
      return `images/${base}/ancestry`;
    },
    'what looks like the description of a tag that is not there': ({ files }) => {
      files.put('repositories/team/app/tag_v9_json', '{"last_update": 1}');
      return 'repositories/team/app/tag_v9_json';
    },
    'a tag without its image': ({ files, app }) => {
      files.remove(`images/${app}`);
      return `images/${app}/ancestry`;
    },
    'a tag that holds no id': ({ files }) => {
      files.put('repositories/team/app/tag_v1', 'latest');
      return 'repositories/team/app/tag_v1';
    },
    'an empty tag': ({ files }) => {
      files.put('repositories/team/app/tag_v1', '');
      return 'repositories/team/app/tag_v1';
    },
    'a tag that is a link out of the root': ({ files }) => {
      const elsewhere = new V1Files();
      elsewhere.put('tag_v1', imageId(0));
      fs.symlinkSync(join(elsewhere.root, 'tag_v1'), join(files.root, 'repositories/team/app/tag_linked'));
      return 'repositories/team/app/tag_linked';
    },
    'a repository that is a link out of the root': ({ files }) => {
      fs.symlinkSync(new V1Files().root, join(files.root, 'repositories/team/linked'));
      return 'repositories/team/linked';
    },
    'a living image that is a link out of the root': ({ files, app }) => {
      const elsewhere = new V1Files();
      fs.renameSync(join(files.root, 'images', app), join(elsewhere.root, 'images', app));
      fs.symlinkSync(join(elsewhere.root, 'images', app), join(files.root, 'images', app));
      return `images/${app}`;
    },
  };

  it.each(Object.keys(damages))('because of %s nothing goes, and its path is named', async (name) => {
    const store = aStore();
    const path = damages[name]?.(store);
    const before = registryTree(store.files);
    const swept = await collectIn(store.files);
    expect(swept).toMatchObject({ blobs: 0, isFinished: true });
    expect(swept.first.blocked).toContain(path);
    expect(swept.first.faults.map((fault) => fault.path)).toContain(path);
    expect(registryTree(store.files)).toEqual(before);
  });

  /** An image that a tag leads to, and one that goes; files that nobody but a test can make unreadable. */
  const inMemory = () => {
    const storage = new MemoryStorage();
    const [living, orphan] = [imageId(1), imageId(2)];
    for (const id of [living, orphan]) {
      for (const name of ['json', 'layer']) storage.put(`images/${id}/${name}`, '{}', 0);
      storage.put(`images/${id}/ancestry`, JSON.stringify([id]), 0);
    }
    storage.put('repositories/team/app/tag_v1', living, 0);
    return { storage, orphan, look: () => v1SurveyorOf(storage, Date.now).look(KEEP) };
  };

  it('because of an image that cannot be looked at nothing goes: it may be a push under way', async () => {
    const { storage, orphan, look } = inMemory();
    expect(goingOf(await look())).toEqual([orphan]);
    storage.put(`images/${imageId(3)}/json`, '{}', 0);
    storage.unreadable.add(`images/${imageId(3)}`);
    const found = await look();
    expect([goingOf(found), found.blocked]).toEqual([[], expect.stringContaining(imageId(3))]);
  });

  it('an image of which a file went while it was looked at stays: somebody works on it', async () => {
    const { storage, orphan, look } = inMemory();
    const stat = storage.stat.bind(storage);
    storage.stat = async (path) => (path === `images/${orphan}/json` ? null : stat(path));
    const found = await look();
    expect([goingOf(found), found.summary().young?.count]).toEqual([[], 1]);
  });

  it('what is no image as the registry leaves one stays, is named, and the rest goes', async () => {
    const { files, lost, lostToo } = aStore();
    files.remove(`images/${lost}/json`);
    files.put('images/notes/readme', 'mine');
    const odd = files.image();
    files.put(`images/${odd}/backup/layer`, 'mine');
    const linked = files.image();
    fs.symlinkSync('/etc/passwd', join(files.root, `images/${linked}/_files`));
    const found = await look(files);
    expect(goingOf(found)).toEqual([lostToo]);
    expect(found.faults.map(({ path }) => path).sort()).toEqual(
      [`images/${lost}`, 'images/notes', `images/${odd}/backup`, `images/${linked}/_files`].sort(),
    );
    expect(found.summary().keptInDoubt?.count).toBe(3);
  });

  it('a living image that lost its layer is named, and takes nothing with it', async () => {
    const { files, shared, orphans } = aStore();
    files.remove(`images/${shared}/layer`);
    const found = await look(files);
    expect(goingOf(found)).toEqual(orphans);
    expect(found.faults).toMatchObject([{ path: `images/${shared}/layer`, undecided: 'nothing' }]);
  });
});

describe('a collection of the old registry', () => {
  it('takes orphans whole, and undo brings every byte back', async () => {
    const { files, orphans, base, shared, app, other } = aStore();
    const before = registryTree(files).filter((line) => !line.startsWith('images/ '));
    expect(await collectIn(files)).toMatchObject({ blobs: 2, isFinished: true, broughtBack: 0 });
    for (const id of orphans) expect(files.has(`images/${id}`)).toBe(false);
    for (const id of [base, shared, app, other]) expect(files.hasImage(id)).toBe(true);
    expect(fs.readFileSync(join(files.root, JOURNAL), 'utf8')).toContain(`v1id:${orphans[0]}`);
    expect((await undo(surveyorOf(files).storage, journalOf(files), 'run-1')).entries).toBe(2);
    const withoutFolderTimes = (lines: string[]): string[] => lines.filter((line) => !/^\S+\/ /.test(line));
    expect(withoutFolderTimes(registryTree(files))).toEqual(withoutFolderTimes(before));
  });

  it('spares what was tagged, or built on, since the look', async () => {
    const { files, lost, lostToo } = aStore();
    const surveyor = surveyorOf(files);
    const found = await surveyor.look(KEEP);
    const head = { run: 'run-1', batch: 1, atMs: 0 };
    const entriesNow = async () =>
      (await Promise.all(found.batches(10).map((part) => part.entries(head)))).flat();
    expect((await entriesNow()).map((entry) => entry.digest)).toEqual([lost, lostToo].sort().map(digest));
    files.modifiedMs = Date.now();
    const pushed = files.image({ on: lost });
    expect((await entriesNow()).map((entry) => entry.digest)).toEqual([digest(lostToo)]);
    files.remove(`images/${pushed}`);
    files.tag('team/app', 'again', lostToo);
    expect(await entriesNow()).toEqual([]);
    files.put('repositories/team/app/tag_again', '');
    expect(await entriesNow()).toEqual([]);
  });

  it('spares what has changed since the look, and all of it where a tag has come that could need any', async () => {
    const { files, lost, lostToo } = aStore();
    const found = await surveyorOf(files).look(KEEP);
    const head = { run: 'run-1', batch: 1, atMs: 0 };
    const spared = async (path: string, change: () => void): Promise<boolean> => {
      change();
      const entries = (await Promise.all(found.batches(10).map((part) => part.entries(head)))).flat();
      files.remove(path);
      return !entries.some((entry) => entry.digest === digest(lostToo));
    };
    const at = (path: string, modifiedMs = files.modifiedMs) =>
      spared(path, () => {
        files.put(path, imageId(77));
        fs.utimesSync(join(files.root, path), modifiedMs / 1000, modifiedMs / 1000);
      });
    expect(await at(`images/${lostToo}/_checksum`)).toBe(false);
    expect(await at(`images/${lostToo}/_checksum`, Date.now())).toBe(true);
    expect(await at(`images/${lostToo}/_inprogress`)).toBe(true);
    expect(await at(`images/${lostToo}/backup/layer`)).toBe(true);
    files.remove(`images/${lostToo}/backup`);
    expect(await at('repositories/team/app/tag_new')).toBe(true);
    expect(await at(`images/${lost}/_checksum`)).toBe(false);
  });

  it('finds tags however deep their repository lies', async () => {
    const { files, lostToo } = aStore();
    files.put('repositories/team/a/b/c/tag_v1', lostToo);
    expect(goingOf(await look(files))).toEqual([]);
  });

  it('takes what makes the registry see an image first, and brings it back last', async () => {
    const { files, orphans } = aStore();
    await collectIn(files);
    const entries = await journalOf(files).list(['quarantined']);
    expect(entries).toHaveLength(orphans.length);
    for (const { files: paths } of entries) {
      const names = paths.map((path) => path.slice(path.lastIndexOf('/') + 1));
      expect([names[0], ...names.slice(-2)]).toEqual(['layer', 'ancestry', 'json']);
    }
  });

  it('gives an image back that a tag needs again, with all that it is built on', async () => {
    const { files, lost, lostToo } = aStore();
    await collectIn(files);
    expect(await heal(surveyorOf(files), journalOf(files))).toBe(0);
    // Put back by hand: the registry takes no tag of an image that it has not.
    files.put('repositories/team/app/tag_again', lostToo);
    expect(await heal(surveyorOf(files), journalOf(files))).toBe(2);
    expect([files.hasImage(lost), files.hasImage(lostToo)]).toEqual([true, true]);
    expect(await heal(surveyorOf(files), journalOf(files))).toBe(0);
  });

  it('leaves a new upload of what it took as it is, and purges the old copy', async () => {
    const { files, base, lost } = aStore();
    await collectIn(files);
    files.image({ on: base }, lost);
    files.put(`images/${lost}/layer`, 'compressed anew');
    files.tag('team/app', 'again', lost);
    const pushed = registryTree(files);
    expect(await heal(surveyorOf(files), journalOf(files))).toBe(0);
    const late = await purge(surveyorOf(files), journalOf(files), Date.now() + 1000);
    expect(late).toMatchObject({ entries: 2, blocked: null, broughtBack: 0 });
    expect(registryTree(files)).toEqual(pushed);
    expect(treeOf(join(files.root, OWN)).filter((line) => line.includes('v1id-'))).toEqual([]);
  });

  it('purges nothing while anything is in doubt', async () => {
    const { files, app } = aStore();
    await collectIn(files);
    files.put(`images/${app}/ancestry`, '');
    const doubtful = await purge(surveyorOf(files), journalOf(files), Date.now() + 1000);
    expect([doubtful.entries, doubtful.blocked]).toEqual([0, expect.stringContaining(app)]);
  });

  it('looks at no more than tags and what they need where nothing is to go', async () => {
    const { files, lost } = aStore();
    files.remove(`images/${lost}/json`);
    const found = await surveyorOf(files).look(KEEP_ALL);
    expect([goingOf(found), found.faults]).toEqual([[], []]);
  });
});
