import { parseArgs } from 'node:util';
import { deleteImage, refuseSharedDigest } from './deletions.js';
import { Gateway } from './gateway.js';
import { provideRegistry } from './registry.js';
import { dim, say, step } from './terminal.js';
import { showCalls } from './try-it.js';
import { checkRegistry, pushImages } from './images.js';

/** From nothing to a deleted image, on a real registry, in a minute; everything it makes is removed at the end. */
const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });

const cleanups: (() => Promise<void>)[] = [];
const cleanUp = async (): Promise<void> => {
  for (const undo of cleanups.splice(0).reverse()) await undo().catch(() => undefined);
};

// From the first moment on, and for every Ctrl-C: a second one must not cut the cleaning up.
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interruption.abort());
}
const never = new Promise<never>(() => undefined);
const interrupted = new Promise<'interrupted'>((resolve) => {
  interruption.signal.addEventListener('abort', () => resolve('interrupted'));
});

/** Waits for a server. Interrupted while it starts, it is stopped as well, and nothing goes on with it. */
const started = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
  cleanups.push(async () => (await starting).stop());
  const server = await starting;
  return interruption.signal.aborted ? never : server;
};

/** True when everything went as it must. */
const main = async (): Promise<boolean> => {
  step('1  A real registry');
  const registry = await started(provideRegistry());
  say(`${registry.description} at ${registry.url}`);
  const pushed = await pushImages(registry.url);

  step('2  Sexton, on its embedded PostgreSQL');
  const gateway = await started(Gateway.start(registry.url));
  say(`ready at ${gateway.url}`);

  step('3  What Sexton refuses: a deletion that takes another tag along');
  const isRefused = await refuseSharedDigest(gateway);

  step('4  What Sexton does: one tag goes, for a reason');
  const isDeleted = await deleteImage(gateway);

  step('5  What the registry itself answers');
  const isAsTold = await checkRegistry(registry.url, pushed);
  if (values.once || !isRefused || !isDeleted || !isAsTold) return isRefused && isDeleted && isAsTold;

  step('Now you');
  showCalls(gateway);
  say(dim('Ctrl-C ends the demo and removes everything it made.'));
  return never;
};

try {
  const result = await Promise.race([main(), interrupted]);
  if (result === 'interrupted') say(dim('\nremoving everything that the demo made …'));
  await cleanUp();
  process.exit(result === false ? 1 : 0);
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  await cleanUp();
  process.exit(1);
}
