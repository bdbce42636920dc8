import { describe, expect, it } from 'vitest';
import { CommandEngine } from '../../src/collections/engines/command/command-engine.js';
import { SextonError } from '../../src/errors/sexton-error.js';
import type { Registry } from '../../src/registries/registry.js';
import { NO_TRACING } from '../../src/telemetry/tracing/tracing.js';
import { registryOptions } from '../support/gateway.js';
import { engineRun } from './engine-run.js';

const NOBODY = new Proxy({} as Registry, {
  get: (_, name) => {
    throw new Error(`the registry was asked: ${String(name)}`);
  },
});

/** A collector that runs until it is ended, and says so. */
const ENDLESS = `
  process.on('SIGTERM', () => process.exit(0));
  setInterval(() => undefined, 1000);
`;

const engine = (): CommandEngine =>
  new CommandEngine(
    {
      garbageCollect: [process.execPath, '-e', ENDLESS, '--'],
      version: [process.execPath, '--version'],
      before: [],
      after: [],
      afterwards: [],
      proofTimeoutMs: 1000,
      commandTimeoutMs: 10_000,
    },
    NOBODY,
    registryOptions('prod', 'http://127.0.0.1:1'),
    () => undefined,
    NO_TRACING,
    5,
  );

const dryRun = (mayGoOn: () => Promise<boolean>) => engineRun({ mode: 'dry-run', mayGoOn });

describe('the registry’s own collector', () => {
  it('is ended once nobody can say any more whether it may go on, and fails with the reason', async () => {
    const away = new SextonError('database_unavailable');
    await expect(engine().collect(dryRun(() => Promise.reject(away)))).rejects.toBe(away);
  });

  it('is ended, and left for later, once it may not go on', async () => {
    const end = await engine().collect(dryRun(async () => false));
    expect(end).toEqual({ isFinished: false, measures: null });
  });
});
