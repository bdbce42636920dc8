import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TransferListItem, Worker, WorkerOptions } from 'node:worker_threads';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FileJournal } from '../../src/collections/engine/file-journal.js';
import { surveyorWith } from '../../src/collections/engine/garbage-look.js';
import type { QuarantineEntry } from '../../src/collections/engine/journal.js';
import { settle } from '../../src/collections/engine/settle.js';
import { WorkerScanner } from '../../src/collections/engine/worker-scanner.js';
import { FilesystemStorage } from '../../src/storage/filesystem-storage.js';
import { blobData } from '../../src/storage/layout.js';
import { StorageFaultError } from '../../src/storage/storage.js';
import { KEEP, toolsIn } from './collecting.js';
import { StoreFiles } from './store-files.js';
import { putFile, treeOf } from './temporary-tree.js';

interface Thread extends Worker {
  /** That it was given and has not answered yet. */
  readonly calls: number;
}

/** The threads of a test, which run what was built. */
const threads: Thread[] = [];

vi.mock('node:worker_threads', async (original) => {
  const real = await original<typeof import('node:worker_threads')>();
  class Built extends real.Worker {
    calls = 0;

    constructor(entry: URL, options: WorkerOptions) {
      super(new URL(entry.href.replace('/src/', '/dist/').replace(/ts$/, 'js')), options);
      this.on('message', (message: object) => {
        if (!('ready' in message)) this.calls -= 1;
      });
      threads.push(this);
    }

    override postMessage(value: unknown, transfer?: readonly TransferListItem[]): void {
      this.calls += 1;
      super.postMessage(value, transfer);
    }
  }
  return { ...real, Worker: Built };
});

/** More than one thread is given. */
const DEAD = 300;

interface Dead {
  readonly root: string;
  readonly journal: FileJournal;
  readonly scanner: WorkerScanner;
  /** In the journal, and still in their places. */
  readonly entries: readonly QuarantineEntry[];
  readonly registryFiles: () => readonly string[];
}

/** Blobs that no manifest needs, each with a layer link, and threads to move them. */
const aDeadStore = async (): Promise<Dead> => {
  const files = new StoreFiles();
  files.image('team/app', { tags: ['stays'] });
  for (let i = 0; i < DEAD; i++) files.layer(`team/app-${i % 7}`, `dead ${i}`);
  const { root } = files;
  const journal = new FileJournal(root);
  const look = await surveyorWith(toolsIn(root)).look(KEEP);
  const [batch] = look.batches(DEAD);
  const entries = (await batch?.entries({ run: 'run-1', batch: 1, atMs: Date.now() })) ?? [];
  expect(entries).toHaveLength(DEAD);
  await journal.append(entries);
  threads.length = 0;
  const scanner = new WorkerScanner(root, 2);
  onTestFinished(() => scanner.close());
  // Otherwise this thread would have moved it all before the others have loaded.
  await Promise.all(threads.map((thread) => once(thread, 'message')));
  return { root, journal, scanner, entries, registryFiles: () => treeOf(join(root, 'docker')) };
};

const isMoved = ({ root }: Dead, { digest, files }: QuarantineEntry): boolean =>
  files.every((file) => new FilesystemStorage(root).stat(file) === null) && files[0] === blobData(digest);

/** As a batch is cut for three threads: by repository, and the first piece has the first of them. */
const PIECE = DEAD / 12;
const inPieces = (entries: readonly QuarantineEntry[]): QuarantineEntry[][] => {
  const links = entries.map(({ files }) => files.at(-1) ?? '').toSorted();
  const order = links.flatMap((link) => entries.filter(({ files }) => files.includes(link)));
  return Array.from({ length: 12 }, (_, i) => order.slice(i * PIECE, (i + 1) * PIECE));
};

describe('a batch that several threads move', () => {
  it('is out of the registry as a whole, and comes back as a whole', async () => {
    const dead = await aDeadStore();
    const before = dead.registryFiles();
    await dead.scanner.moveOut(dead.entries);
    expect(dead.entries.every((entry) => isMoved(dead, entry))).toBe(true);
    await settle(new FilesystemStorage(dead.root), dead.journal);
    expect(dead.registryFiles()).toEqual(before);
  });

  it('names the place of a fault once no thread moves any more, and all of it can be brought back', async () => {
    const dead = await aDeadStore();
    const pieces = inPieces(dead.entries);
    const [first] = pieces.flat();
    const faulty = first?.digest;
    if (!faulty) throw new Error('there are entries');
    const place = first?.files[1] ?? '';
    rmSync(join(dead.root, place));
    putFile(dead.root, `${place}/stray`, 'a folder where a link belongs');
    const before = dead.registryFiles();
    const fault = await dead.scanner.moveOut(dead.entries).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(StorageFaultError);
    expect(fault).toMatchObject({ path: place, problem: 'is not a plain file' });
    expect(new FilesystemStorage(dead.root).stat(blobData(faulty))).not.toBeNull();
    expect(threads.map(({ calls }) => calls)).toEqual([0, 0]);
    // Some pieces had not begun: what is wrong may be wrong with the whole storage.
    const moved = pieces.map((piece) => piece.filter((entry) => isMoved(dead, entry)).length);
    expect(moved.slice(1).filter((count) => count !== 0 && count !== PIECE)).toEqual([]);
    expect(moved.filter((count) => count === 0).length).toBeGreaterThan(moved.length / 4);
    await settle(new FilesystemStorage(dead.root), dead.journal);
    expect(dead.registryFiles()).toEqual(before);
  });

  it('fails with a thread that dies, and by then the others have stopped', async () => {
    const dead = await aDeadStore();
    const before = dead.registryFiles();
    const ended = Promise.all(threads.map((thread) => new Promise((over) => thread.once('exit', over))));
    const moving = dead.scanner.moveOut(dead.entries).then(
      () => null,
      (error: unknown) => error,
    );
    await threads[0]?.terminate();
    expect(await moving).toBeInstanceOf(Error);
    const then = treeOf(dead.root);
    await ended;
    expect(treeOf(dead.root)).toEqual(then);
    await settle(new FilesystemStorage(dead.root), dead.journal);
    expect(dead.registryFiles()).toEqual(before);
  });
});
