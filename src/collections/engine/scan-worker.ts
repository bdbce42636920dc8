import { parentPort, workerData } from 'node:worker_threads';
import { FilesystemStorage } from '../../storage/filesystem-storage.js';
import { answerCall, type ScanAnswer, type ScanMessage } from './scan-call.js';

/** A worker thread of WorkerScanner: reads one storage, one call at a time. */
const { root } = workerData as { readonly root: string };
const storage = new FilesystemStorage(root);

parentPort?.on('message', ({ call, linkFree }: ScanMessage) => {
  storage.trust(linkFree);
  answerCall(storage, call)
    .then(
      (value): ScanAnswer => ({ value }),
      (error: unknown): ScanAnswer => ({ failed: String(error) }),
    )
    .then((answer) => parentPort?.postMessage(answer))
    .catch(endThread);
});

/** postMessage itself failed: the thread ends, and its scanner says so. */
function endThread(): never {
  process.exit(1);
}
