import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { FilesystemStorage } from '../../storage/filesystem-storage.js';
import { gather } from './answer-buffer.js';
import { answerCall, failureOf, type ScanAnswer, type ScanMessage, type ScanReady } from './scan-call.js';

/** A worker thread of WorkerScanner: reads one storage, one call at a time. */
const { root, background, rests } = workerData as {
  readonly root: string;
  readonly background: boolean;
  readonly rests: boolean;
};
// Of this thread alone: Linux has a priority for each.
if (background && process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW);
const storage = new FilesystemStorage(root);

/**
 * For work that nobody waits for a thread rests five times as long as it worked, so that on few cores requests find one free. Not
 * longer than this after each call: what takes long on a slow disk is the disk, and nobody gains by waiting for it twice.
 */
const REST = { times: 5, longestMs: 50 };
const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
const restAfter = (workedMs: number): void => {
  Atomics.wait(never, 0, 0, Math.min(REST.longestMs, workedMs * REST.times));
};

parentPort?.on('message', ({ call, linkFree, spare }: ScanMessage) => {
  const beganMs = performance.now();
  storage.trust(linkFree);
  answerCall(storage, call)
    .then((value) => gather(value, spare), failureOf)
    .then((found) => {
      if ('failed' in found) parentPort?.postMessage(found satisfies ScanAnswer);
      else {
        const { answer: value, buffer } = found;
        parentPort?.postMessage({ value, buffer } satisfies ScanAnswer, [buffer]);
      }
      if (rests) restAfter(performance.now() - beganMs);
    })
    .catch(endThread);
});

parentPort?.postMessage({ ready: true } satisfies ScanReady);

/** postMessage itself failed: the thread ends, and its scanner says so. */
function endThread(): never {
  process.exit(1);
}
