// Loaded before a process (node --import): at SIGUSR2 it collects its garbage and writes what its heap still holds, in
// bytes, to the file that SEXTON_BENCH_HEAP names.
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

const path = process.env.SEXTON_BENCH_HEAP;
if (isMainThread && path !== undefined) {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc');
  process.on('SIGUSR2', () => {
    collectGarbage();
    writeFileSync(`${path}.whole`, String(process.memoryUsage().heapUsed));
    renameSync(`${path}.whole`, path);
  });
}
