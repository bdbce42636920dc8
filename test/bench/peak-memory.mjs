// Loaded before a command (node --import): its peak resident memory as the last line of standard error.
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) process.on('exit', () => writeSync(2, `\npeak ${process.resourceUsage().maxRSS} KiB\n`));
