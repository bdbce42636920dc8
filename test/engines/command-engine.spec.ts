import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CommandEngine } from '../../src/collections/engines/command/command-engine.js';
import type { Claim } from '../../src/database/advisory-claim.js';
import { SextonError } from '../../src/errors/sexton-error.js';
import type { Registry } from '../../src/registries/registry.js';
import { NO_TRACING } from '../../src/telemetry/tracing/tracing.js';
import { temporaryDirectory } from '../collections/temporary-tree.js';
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

const engine = (
  script = ENDLESS,
  before: readonly (readonly string[])[] = [],
  url = 'http://127.0.0.1:1',
): CommandEngine =>
  new CommandEngine(
    {
      garbageCollect: [process.execPath, '-e', script, '--'],
      version: [process.execPath, '--version'],
      before,
      after: [],
      afterwards: [],
      proofTimeoutMs: 50,
      commandTimeoutMs: 10_000,
    },
    NOBODY,
    registryOptions('prod', url),
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

  describe('that has found something', () => {
    /** Notes in `log` what runs, one word a line. */
    const noting = (log: string, word: string): string =>
      `require('node:fs').appendFileSync(${JSON.stringify(log)}, ${JSON.stringify(`${word}\n`)});`;

    const aCollector = (url?: string) => {
      const log = join(temporaryDirectory(), 'ran');
      const script = `
        if (!process.argv.includes('--dry-run')) { ${noting(log, 'collect')} }
        console.log('blob eligible for deletion: sha256:00');
        console.log('0 blobs marked, 1 blobs and 0 manifests eligible for deletion');
      `;
      const ran = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
      return { ran, collector: engine(script, [[process.execPath, '-e', noting(log, 'before')]], url) };
    };
    const held = (assertHeld: () => Promise<void>) => ({ claim: { assertHeld } as Claim });

    it('collects once nobody listens at the registry’s address', async () => {
      const { ran, collector } = aCollector();
      await collector.collect(engineRun(held(async () => undefined)));
      expect(ran()).toBe('before\ncollect\n');
    });

    it('deletes nothing once the claim on the registry is lost', async () => {
      const { ran, collector } = aCollector();
      const lost = new Error('lost');
      await expect(collector.collect(engineRun(held(() => Promise.reject(lost))))).rejects.toBe(lost);
      expect(ran()).toBe('before\n');
    });

    it.each([
      ['refuses an upload as one that does not know it would', 405, 'application/json'],
      ['is out of order', 503, 'text/plain'],
      ['wants to know who asks', 401, 'text/plain'],
      ['lets nobody push', 403, 'text/plain'],
    ])('deletes nothing where the registry %s: that is no proof', async (_, status, type) => {
      const server = createServer((__, response) =>
        response.writeHead(status, { 'content-type': type }).end(),
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void server.close());
      const { ran, collector } = aCollector(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      const collected = collector.collect(engineRun(held(async () => undefined)));
      await expect(collected).rejects.toMatchObject({ code: 'not_read_only' });
      expect(ran()).toBe('before\n');
    });

    it('leaves the registry up where it may not go on after its dry run', async () => {
      const { ran, collector } = aCollector();
      let isReported = false;
      const report = async (): Promise<void> => void (isReported = true);
      const run = engineRun({ report, mayGoOn: async () => !isReported });
      expect(await collector.collect(run)).toEqual({ isFinished: false, measures: null });
      expect(ran()).toBe('');
    });
  });
});
