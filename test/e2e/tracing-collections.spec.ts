import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { USER } from '../../tools/fakes/contract-server.js';
import { startDtrJobsServer } from '../../tools/fakes/dtr-jobs-server.js';
import { startHarborGcServer } from '../../tools/fakes/harbor-gc-server.js';
import { pushImage } from '../../tools/images.js';
import { registryBinary, startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { untilState, WEEK } from '../support/collections.js';
import { startControlServer } from '../support/control-server.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { deleteAndWait } from '../support/deletions.js';
import { installGateway, type GatewayProcess, type Installation } from '../support/gateway-process.js';
import { startTraceReceiver, type TraceReceiver } from '../support/trace-receiver.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const UNDO_TRACE = '0af7651916cd43dd8448eb211c80319c';
const CLIENT_SPAN = '00f067aa0ba902b7';

// Starts of whole processes, also on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

let registry: RegistryServer;
let database: TestDatabase;
let receiver: TraceReceiver;
let installation: Installation | null = null;
const running: GatewayProcess[] = [];

const install = async (entry: Record<string, unknown>, registryUrl = registry.url): Promise<void> => {
  installation = await installGateway({
    registryUrl,
    databaseUrl: database.url,
    registry: entry,
    env: {
      PASSWORD: USER.password,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_BSP_SCHEDULE_DELAY: '100',
    },
  });
};

const start = async (role = 'all'): Promise<GatewayProcess> => {
  if (!installation) throw new Error('install first');
  const gateway = await installation.start(['--role', role]);
  running.push(gateway);
  return gateway;
};

const ask = async (
  gateway: GatewayProcess,
  path: string,
  body: Record<string, unknown>,
  trace = TRACE,
): Promise<string> => {
  const accepted = await gateway
    .api()
    .post(path)
    .set('traceparent', `00-${trace}-${CLIENT_SPAN}-01`)
    .send({ reason: 'a test', ...body })
    .expect(202);
  return (accepted.body as { id: string }).id;
};

const askForCollection = (gateway: GatewayProcess): Promise<string> =>
  ask(gateway, '/v1/collections', { registry: 'prod', when: 'now' });

/** Two images, of which one is deleted: its manifest, config and layer are garbage. */
const makeGarbage = async (gateway: GatewayProcess): Promise<void> => {
  const to = { registryUrl: registry.url, repository: 'team-a/app' };
  for (const tag of ['v1', 'v2']) await pushImage(to, { tags: [tag], content: tag });
  await deleteAndWait(gateway.api(), { registry: 'prod', repository: 'team-a/app', references: ['v1'] });
};

const collected = (storage: string, collection: Record<string, unknown> = {}) => ({
  storage: { filesystem: storage },
  collection: { engine: 'sexton', grace: '0s', batchSize: 2, healEvery: '100ms', ...collection },
});

/** The collector's spans that stand right below the one with this id, by name. */
const below = (spanId: string, name: string) =>
  receiver.spans().filter((span) => span.parentSpanId === spanId && span.name === name);

beforeEach(async () => {
  registry = await startRegistry();
  database = await createTestDatabase();
  receiver = await startTraceReceiver();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((gateway) => gateway.server.stop()));
  await installation?.remove();
  installation = null;
  await receiver?.stop();
  await database?.drop();
  await registry?.stop();
});

describe('one collection, asked of one process and carried out by another', () => {
  it('is one trace, from the HTTP call through the queue to the mark and each batch; so is its undo', async () => {
    await install(collected(registry.storageDir));
    const api = await start('api');
    const worker = await start('worker');
    await makeGarbage(api);
    const id = await askForCollection(api);
    expect(await untilState(api.api(), id, 'succeeded')).toMatchObject({ quarantined: { count: 3 } });

    const run = await receiver.until(({ name }) => name === 'collection run');
    const request = await receiver.until(({ name }) => name === 'POST /v1/collections');
    expect(request).toMatchObject({ traceId: TRACE, parentSpanId: CLIENT_SPAN, pid: api.server.child.pid });
    expect(run.pid).toBe(worker.server.child.pid);
    expect(receiver.above(run)).toEqual([request]);
    expect(Object.fromEntries(run.attributes)).toMatchObject({
      'sexton.collection': id,
      'sexton.registry': 'prod',
      'sexton.engine': 'sexton',
      'sexton.mode': 'collect',
      'sexton.attempt': 1,
      'sexton.outcome': 'succeeded',
      'sexton.batches': 2,
      'sexton.quarantined': 3,
      'sexton.garbage': 3,
    });
    expect(run.hasFailed).toBe(false);
    expect(below(run.spanId, 'queue wait')).toHaveLength(1);
    const [mark] = below(run.spanId, 'collection mark');
    expect(mark?.attributes.get('sexton.repositories')).toBe(1);
    const batches = below(run.spanId, 'collection batch');
    expect(batches.map(({ attributes }) => attributes.get('sexton.entries'))).toEqual([2, 1]);

    // Nobody asked for what the healer does while a quarantine stands.
    const round = await receiver.until(({ name }) => name === 'quarantine round');
    expect(receiver.above(round)).toEqual([]);
    expect(round.traceId).not.toBe(TRACE);

    await ask(api, `/v1/collections/${id}/undo`, {}, UNDO_TRACE);
    await untilState(api.api(), id, 'undone');
    const undo = await receiver.until(({ name }) => name === 'collection undo');
    expect(undo.attributes.get('sexton.outcome')).toBe('undone');
    expect(undo.attributes.get('sexton.restored')).toBe(3);
    const asked = await receiver.until(({ name }) => name === 'POST /v1/collections/:id/undo');
    expect(asked.traceId).toBe(UNDO_TRACE);
    expect(receiver.above(undo)).toEqual([asked]);
  });

  it('says why a stretch of it failed, and of the next one that it did not', async () => {
    const home = mkdtempSync(join(tmpdir(), 'volume-'));
    const volume = join(home, 'volume');
    await install(collected(volume));
    const gateway = await start();
    await makeGarbage(gateway);
    // The volume is not mounted yet.
    const id = await askForCollection(gateway);
    const failed = await receiver.until(({ name }) => name === 'collection run');
    expect(failed.hasFailed).toBe(true);
    expect(failed.attributes.get('error.type')).toBe('storage_unavailable');
    expect(failed.attributes.get('sexton.outcome')).toBe('waiting');
    symlinkSync(registry.storageDir, volume);
    await untilState(gateway.api(), id, 'succeeded');
    const run = await receiver.until(({ attributes }) => attributes.get('sexton.outcome') === 'succeeded');
    expect(run.hasFailed).toBe(false);
    expect(run.attributes.get('sexton.attempt')).toBeGreaterThan(1);
    expect(run.traceId).toBe(failed.traceId);
    rmSync(home, { recursive: true });
  });

  it('is a trace of its own where a window asked for it', async () => {
    const windows = [{ days: WEEK, start: '00:00', end: '24:00' }];
    await install(collected(registry.storageDir, { windows }));
    await pushImage({ registryUrl: registry.url, repository: 'team-a/app' }, { tags: ['v1'], content: 'a' });
    await start();
    const run = await receiver.until(({ name }) => name === 'collection run');
    expect(run.parentSpanId).toBeFalsy();
    expect(run.attributes.get('sexton.outcome')).toBe('succeeded');
    expect(below(run.spanId, 'collection mark')).not.toEqual([]);
    // Nobody stood in a queue before it.
    expect(below(run.spanId, 'queue wait')).toEqual([]);
  });
});

describe('a job in the registry itself', () => {
  const account = { credentials: { username: USER.username, passwordEnv: 'PASSWORD' } };

  it.each([
    { type: 'dtr', open: startDtrJobsServer, failed: 'error', path: '/api/v0/jobs' },
    { type: 'harbor', open: startHarborGcServer, failed: 'Error', path: '/api/v2.0/system/gc/schedule' },
  ] as const)('of $type is followed below the run, which says how it failed', async (engine) => {
    const jobs = await engine.open();
    try {
      const collection = { engine: engine.type, pollEvery: '10ms' };
      await install({ type: engine.type, ...account, collection }, jobs.url);
      const gateway = await start();
      const id = await askForCollection(gateway);
      const isPosted = ({ name, attributes }: { name: string; attributes: ReadonlyMap<string, unknown> }) =>
        name === 'registry POST' && attributes.get('url.path') === engine.path;
      const posted = await receiver.until(isPosted);
      (jobs.become as (status: string) => void)(engine.failed);
      await untilState(gateway.api(), id, 'failed');
      const run = await receiver.until(({ name }) => name === 'collection run');
      expect(receiver.above(posted).map(({ name }) => name)).toEqual([
        'collection run',
        'POST /v1/collections',
      ]);
      expect(run.hasFailed).toBe(true);
      expect(run.attributes.get('error.type')).toBe('collection_job_failed');
      expect(run.attributes.get('sexton.outcome')).toBe('failed');
      expect(below(run.spanId, 'registry GET').length).toBeGreaterThan(1);
      const metrics = await fetch(`${gateway.url}/metrics`);
      expect(await metrics.text()).toMatch(
        /upstream[a-z_]*_count\{registry="prod",method="POST",status="20[12]"\} 1/,
      );
      expect(receiver.raw()).not.toContain(USER.password);
    } finally {
      await jobs.stop();
    }
  });
});

it('with the registry’s own collector shows each of its commands below the run, without arguments', async () => {
  const control = await startControlServer();
  try {
    control.on('before', () => registry.restart({ readOnly: true }));
    control.on('after', () => registry.restart({ readOnly: false }));
    const program = registryBinary() ?? '';
    const command = (name: string) => control.command(name, 'password=hunter2');
    await install({
      collection: {
        engine: 'command',
        pollEvery: '10ms',
        command: {
          garbageCollect: [program, 'garbage-collect', registry.configPath],
          before: [command('before')],
          after: [command('after')],
          afterwards: [command('flush')],
        },
      },
    });
    const gateway = await start();
    await makeGarbage(gateway);
    control.on('flush', () => {
      throw new Error('no cache there');
    });
    const id = await askForCollection(gateway);
    await untilState(gateway.api(), id, 'failed');
    const run = await receiver.until(({ name }) => name === 'collection run');
    const commands = below(run.spanId, 'collection command');
    expect(
      commands.map(({ attributes, hasFailed }) => [
        attributes.get('sexton.step'),
        attributes.get('sexton.program'),
        attributes.get('sexton.exit_code'),
        hasFailed,
      ]),
    ).toEqual([
      ['dry run', program, 0, false],
      ['before', process.execPath, 0, false],
      ['collect', program, 0, false],
      ['afterwards', process.execPath, 1, true],
      ['after', process.execPath, 0, false],
    ]);
    expect(receiver.raw()).not.toContain('hunter2');
    expect(receiver.raw()).not.toContain(registry.configPath);
  } finally {
    await control.stop();
  }
});
