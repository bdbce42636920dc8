import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CommandOptions } from '../../src/collections/collection-options.js';
import { headManifest, pushImage, pushIndex } from '../../tools/images.js';
import { registryBinary, startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { treeOf } from '../collections/temporary-tree.js';
import {
  askForCollection,
  collectAndWait,
  collectionOptions,
  HOUR,
  NIGHT,
  untilState,
} from '../support/collections.js';
import { startControlServer, type ControlServer } from '../support/control-server.js';
import { createTestDatabase } from '../support/database.js';
import { deleteAndWait } from '../support/deletions.js';
import { installGateway } from '../support/gateway-process.js';
import { registryOptions, startTestGateway, type TestApi, type TestGateway } from '../support/gateway.js';

let registry: RegistryServer;
let control: ControlServer;
let gateway: TestGateway | null = null;
let nowMs = NIGHT;
const REPOSITORY = 'team-a/app';
const to = () => ({ registryUrl: registry.url, repository: REPOSITORY });
const garbageCollect = () => [registryBinary() ?? '', 'garbage-collect', registry.configPath];

const commandOptions = (changes: Partial<CommandOptions> = {}): CommandOptions => ({
  garbageCollect: garbageCollect(),
  version: [registryBinary() ?? '', '--version'],
  before: [control.command('before')],
  after: [control.command('after')],
  afterwards: [control.command('flush')],
  proofTimeoutMs: 200,
  commandTimeoutMs: 20_000,
  ...changes,
});

const start = async (changes: Partial<CommandOptions> = {}): Promise<TestGateway> => {
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url)],
    collections: [collectionOptions({ kind: 'command', command: commandOptions(changes) })],
    now: () => nowMs,
  });
  return gateway;
};

beforeEach(async () => {
  nowMs = NIGHT;
  registry = await startRegistry();
  control = await startControlServer();
  control.on('before', () => registry.restart({ readOnly: true }));
  control.on('after', () => registry.restart({ readOnly: false }));
  for (const tag of ['v1', 'v2']) await pushImage(to(), { tags: [tag], content: tag, sharedLayer: 'base' });
});

afterEach(async () => {
  await gateway?.stop();
  gateway = null;
  await control?.stop();
  await registry?.stop();
});

const deleteV1 = async (running: { api(): TestApi }): Promise<void> => {
  const target = { registry: 'prod', repository: REPOSITORY, references: ['v1'] };
  expect(await deleteAndWait(running.api(), target)).toMatchObject({ state: 'succeeded' });
};

const logOf = async (running: TestGateway, id: string): Promise<string> => {
  const { text } = await running.api().get(`/v1/collections/${id}/report?format=ndjson`).expect(200);
  return text;
};

describe('the registry’s own collector', () => {
  it('runs while the registry is read-only, between before and after, and what it deleted is named', async () => {
    const running = await start();
    await deleteV1(running);
    const collected = await collectAndWait(running.api());
    expect(collected).toMatchObject({ state: 'succeeded', engine: 'command', purged: { count: 3 } });
    expect(control.calls).toEqual(['before', 'flush', 'after']);
    expect((await headManifest(to(), 'v2')).status).toBe(200);
    // Writable again, and the same image can come back.
    const again = await pushImage(to(), { tags: ['v1'], content: 'v1', sharedLayer: 'base' });
    expect(await headManifest(to(), 'v1')).toEqual({ status: 200, digest: again.digest });
    const answer = await running.api().get('/v1/audit/events?action=collection.batch_purged').expect(200);
    const [event] = (answer.body as { items: { details: { digests: string[] } }[] }).items;
    expect(event?.details.digests).toHaveLength(3);
    expect(event?.details.digests).toContain(again.digest);
  });

  it('in a dry run stops nothing and deletes nothing (TRAPS 24)', async () => {
    const running = await start();
    await deleteV1(running);
    const before = treeOf(registry.storageDir, { withTimes: true });
    expect(await collectAndWait(running.api(), { mode: 'dry-run' })).toMatchObject({
      state: 'succeeded',
      summary: { garbage: { count: 3 } },
      purged: { count: 0 },
    });
    expect(control.calls).toEqual([]);
    expect(treeOf(registry.storageDir, { withTimes: true })).toEqual(before);
  });

  it('does not run while the registry still takes pushes, whatever the before command said (TRAPS 28)', async () => {
    control.on('before', () => undefined);
    const running = await start();
    await deleteV1(running);
    const before = treeOf(`${registry.storageDir}/docker/registry/v2/blobs`);
    expect(await collectAndWait(running.api())).toMatchObject({
      state: 'failed',
      problem: { code: 'not_read_only' },
      purged: { count: 0 },
    });
    expect(treeOf(`${registry.storageDir}/docker/registry/v2/blobs`)).toEqual(before);
    expect(control.calls).toEqual(['before', 'after']);
  });

  it('runs where the registry is down, and not where it cannot be asked', async () => {
    control.on('before', () => registry.kill());
    const running = await start();
    await deleteV1(running);
    expect(await collectAndWait(running.api())).toMatchObject({ state: 'succeeded', purged: { count: 3 } });
    expect((await headManifest(to(), 'v2')).status).toBe(200);
  });

  it('is not run after a before that failed, and the registry is brought back', async () => {
    control.on('before', () => Promise.reject(new Error('no such service')));
    const running = await start();
    await deleteV1(running);
    const collected = await collectAndWait(running.api());
    expect(collected).toMatchObject({
      state: 'failed',
      problem: { code: 'command_failed' },
      purged: { count: 0 },
    });
    expect(control.calls).toEqual(['before', 'after']);
    expect(await logOf(running, collected.id)).toContain('no such service');
  });

  it('of 2.x spares the children of tagged indexes: it is refused with --delete-untagged (TRAPS 21)', async () => {
    const child = await pushImage(to(), { content: 'child' });
    const running = await start();
    expect(await collectAndWait(running.api(), { untagged: 'collect' })).toMatchObject({
      state: 'succeeded',
    });
    const other = await pushImage(to(), { content: 'other child' });
    await pushIndex(to(), [other], { tags: ['multi'] });
    expect((await headManifest(to(), child.digest)).status).toBe(404);
    const calls = control.calls.length;
    const before = treeOf(registry.storageDir);
    expect(await collectAndWait(running.api(), { untagged: 'collect' })).toMatchObject({
      state: 'failed',
      problem: { code: 'untagged_breaks_indexes' },
    });
    expect(treeOf(registry.storageDir)).toEqual(before);
    expect(control.calls).toHaveLength(calls);
  });

  it('whose after command fails is tried until the registry is back', async () => {
    let failures = 2;
    control.on('after', async () => {
      if (failures-- > 0) throw new Error('not yet');
      await registry.restart({ readOnly: false });
    });
    const running = await start();
    await deleteV1(running);
    const { id } = await askForCollection(running.api());
    await vi.waitFor(
      async () => {
        nowMs += HOUR;
        const { rows } = await running.database.pool.query<{ owes_after: boolean }>(
          'select owes_after from collections where id = $1',
          [id],
        );
        expect(rows).toEqual([{ owes_after: false }]);
        expect(control.calls.filter((name) => name === 'after').length).toBeGreaterThan(2);
      },
      { timeout: 30_000, interval: 50 },
    );
    await pushImage(to(), { tags: ['v3'], content: 'v3' });
  });

  it('ends when its window closes, the registry comes back, and the next window tries again', async () => {
    const canned = `for (const l of ['', '1 blobs marked, 0 blobs and 1 manifests eligible for deletion']) console.log(l)`;
    const code = `if (process.argv.includes('--dry-run')) { ${canned} } else await fetch('${control.url}/collecting')`;
    const running = await start({
      garbageCollect: [process.execPath, '--input-type=module', '-e', code, 'garbage-collect'],
    });
    let collecting = (): void => undefined;
    const began = new Promise<void>((resolve) => (collecting = resolve));
    control.on('collecting', () => {
      collecting();
      return new Promise<void>(() => undefined);
    });
    nowMs = NIGHT + 1.5 * HOUR;
    const { id } = await askForCollection(running.api(), { when: 'window' });
    await began;
    nowMs = NIGHT + 2 * HOUR;
    await untilState(running.api(), id, 'paused');
    expect(control.calls).toEqual(['before', 'collecting', 'flush', 'after']);
    await pushImage(to(), { tags: ['v3'], content: 'v3' });
  });
});

describe('kill -9', () => {
  it('between before and after: whoever comes next brings the registry back, and then collects (TRAPS 29)', async () => {
    const database = await createTestDatabase();
    const { garbageCollect: collector, before, after } = commandOptions();
    const installation = await installGateway({
      registryUrl: registry.url,
      databaseUrl: database.url,
      registry: {
        collection: {
          engine: 'command',
          pollEvery: '10ms',
          command: { garbageCollect: [...collector], before: [...before], after: [...after] },
        },
      },
    });
    let arrive = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    control.on('before', async () => {
      await registry.restart({ readOnly: true });
      arrive();
      await new Promise<void>(() => undefined);
    });
    const first = await installation.start();
    await deleteV1(first);
    const { id } = await askForCollection(first.api());
    await arrived;
    await first.server.stop('SIGKILL');
    control.on('before', () => registry.restart({ readOnly: true }));
    const second = await installation.start();
    expect(await untilState(second.api(), id, 'succeeded', 'failed')).toMatchObject({
      state: 'succeeded',
      purged: { count: 3 },
    });
    expect(control.calls).toEqual(['before', 'after', 'before', 'after']);
    await pushImage(to(), { tags: ['v3'], content: 'v3' });
    await second.server.stop();
    await installation.remove();
    await database.drop();
  });
});
