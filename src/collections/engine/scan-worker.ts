import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { FilesystemStorage } from '../../storage/filesystem-storage.js';
import { answerCall, type ScanAnswer, type ScanMessage } from './scan-call.js';

/** A worker thread of WorkerScanner: reads one storage, one call at a time. */
const { root, background } = workerData as { readonly root: string; readonly background: boolean };
// Of this thread alone: Linux has a priority for each.
if (background && process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW);
const storage = new FilesystemStorage(root);

parentPort?.on('message', ({ call, linkFree }: ScanMessage) => {
  storage.trust(linkFree);
  answerCall(storage, call)
    .then(
      (value): ScanAnswer => ({ value }),
      (error: unknown): ScanAnswer => ({ failed: String(error) }),
    )
    .then((answer) => parentPort?.postMessage(answer, [...buffersIn(answer)]))
    .catch(endThread);
});

/** postMessage itself failed: the thread ends, and its scanner says so. */
function endThread(): never {
  process.exit(1);
}

/** The memory of the arrays in an answer, which is handed over and not copied. No two arrays share one. */
function* buffersIn(value: unknown): Generator<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer && value.buffer.byteLength > 0) yield value.buffer;
  } else if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) yield* buffersIn(inner);
  }
}
