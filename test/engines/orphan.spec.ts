import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { collectorCheckpoint, endOrphan } from '../../src/collections/engines/command/orphan.js';

const start = (...more: string[]) => {
  const code = `console.log('up'); setInterval(() => undefined, 1000)`;
  const child = spawn(process.execPath, ['-e', code, ...more], { stdio: ['ignore', 'pipe', 'ignore'] });
  return { child, up: once(child.stdout, 'data') };
};
const never = new AbortController().signal;

it('a collector that outlived its starter is ended before the registry comes back', async () => {
  const { child, up } = start('garbage-collect');
  await up;
  const ended = once(child, 'exit');
  await endOrphan(collectorCheckpoint(child.pid ?? 0, process.execPath), never);
  expect((await ended)[1]).toBe('SIGTERM');
});

it('a process that has its number by now, and is something else, is left alone', async () => {
  const { child, up } = start('something-else');
  await up;
  const checkpoint = collectorCheckpoint(child.pid ?? 0, process.execPath);
  await endOrphan(checkpoint, never);
  await endOrphan({ ...checkpoint, host: 'elsewhere' }, never);
  await endOrphan(null, never);
  expect(child.exitCode).toBeNull();
  expect(child.kill(0)).toBe(true);
  child.kill();
});
