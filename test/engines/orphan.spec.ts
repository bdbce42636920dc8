import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
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

it('a collector that ends between the look at it and the signal is no error', async () => {
  const { child, up } = start('garbage-collect');
  await up;
  const gone = spawn(process.execPath, ['-e', '']);
  await once(gone, 'exit');
  const kill = process.kill.bind(process);
  const killing = vi.spyOn(process, 'kill');
  onTestFinished(() => killing.mockRestore());
  // Seen alive, and signalled at a number that is nobody's any more.
  killing.mockImplementationOnce((_, signal) => kill(gone.pid ?? 0, signal));
  await endOrphan(collectorCheckpoint(child.pid ?? 0, process.execPath), never);
  expect(killing).toHaveBeenCalledTimes(1);
  child.kill();
});

it('a collector that may not be ended is an error: the registry must not come back beside it', async () => {
  const { child, up } = start('garbage-collect');
  await up;
  const killing = vi.spyOn(process, 'kill');
  onTestFinished(() => killing.mockRestore());
  killing.mockImplementationOnce(() => {
    throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
  });
  const ending = endOrphan(collectorCheckpoint(child.pid ?? 0, process.execPath), never);
  await expect(ending).rejects.toThrow('EPERM');
  child.kill();
});
