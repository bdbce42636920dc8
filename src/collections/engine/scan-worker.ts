import { parentPort, workerData } from 'node:worker_threads';
import { FilesystemStorage } from '../storage/filesystem-storage.js';
import { InlineScanner } from './inline-scanner.js';
import { answerCall, type ScanAnswer, type ScanCall } from './scan-call.js';

/** A worker thread of WorkerScanner: reads one storage, one call at a time. */
const { root } = workerData as { readonly root: string };
const scanner = new InlineScanner(new FilesystemStorage(root));

parentPort?.on('message', (call: ScanCall) => {
  answerCall(scanner, call)
    .catch((error: unknown): ScanAnswer => ({ kind: 'failed', message: String(error) }))
    .then((answer) => parentPort?.postMessage(answer), reportNothing);
});

/** postMessage itself failed: the thread ends, and its scanner says so. */
function reportNothing(): never {
  process.exit(1);
}
