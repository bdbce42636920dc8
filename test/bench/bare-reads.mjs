// The reads of a dry run without any of its work, in two threads: lists what there is, reads every link and manifest,
// hashes and parses the manifests. What Node.js itself takes for it on this machine: node bare-reads.mjs STORAGE
import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const buffer = Buffer.alloc(4 * 1024 * 1024);

const read = (path) => {
  const handle = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  const length = fs.readSync(handle, buffer, 0, buffer.length, null);
  fs.closeSync(handle);
  return length;
};

const list = (folder) => fs.readdirSync(folder, { withFileTypes: true }).map(({ name }) => name);

const readRepository = (home, blobs) => {
  list(join(home, '_layers/sha256'));
  for (const tag of list(join(home, '_manifests/tags')))
    read(join(home, '_manifests/tags', tag, 'current/link'));
  const revisions = join(home, '_manifests/revisions/sha256');
  for (const hex of list(revisions)) {
    try {
      read(join(revisions, hex, 'link'));
    } catch {
      continue; // deleted
    }
    const bytes = buffer.subarray(0, read(join(blobs, hex.slice(0, 2), hex, 'data')));
    if (hash('sha256', bytes, 'hex') !== hex) throw new Error(`${hex} is damaged`);
    JSON.parse(bytes.latin1Slice());
  }
};

const { root, half } = isMainThread ? { root: process.argv[2], half: 0 } : workerData;
if (isMainThread) new Worker(new URL(import.meta.url), { workerData: { root, half: 1 } });
const isMine = (_, i) => i % 2 === half;
const blobs = join(root, 'docker/registry/v2/blobs/sha256');
const repositories = join(root, 'docker/registry/v2/repositories');
for (const shard of list(blobs).filter(isMine)) list(join(blobs, shard));
const names = list(repositories).flatMap((team) =>
  list(join(repositories, team)).map((name) => join(team, name)),
);
for (const name of names.filter(isMine)) readRepository(join(repositories, name), blobs);
