import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import { headManifest, pushImage } from '../../tools/images.js';
import { hasDebianPostgres, startDebianPostgres } from '../../tools/debian-postgres.js';
import { startRedis } from '../../tools/redis-server.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { untilEnded } from '../support/deletions.js';
import { installGateway, type GatewayProcess, type Installation } from '../support/gateway-process.js';

let registry: RegistryServer;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry?.stop());

// Several starts of whole processes, and on a busy machine.
const PATIENCE_MS = 300_000;
const DONE = 'done-before-the-backup';
const OPEN = 'open-at-the-backup';

const ask = async (gateway: GatewayProcess, repository: string, tag: string, key: string) => {
  const response = await gateway
    .api()
    .post('/v1/deletions')
    .set('Idempotency-Key', key)
    .set('Prefer', 'respond-async')
    .send({ registry: 'prod', repository, references: [tag], reason: 'a test' });
  expect(response.status, response.text).toBe(202);
  return (response.body as DeletionView).id;
};

const verification = async (
  gateway: GatewayProcess,
): Promise<{ head: { sequence: number; hash: string } }> => {
  const response = await gateway.api().get('/v1/audit/verification').expect(200);
  expect(response.body).toMatchObject({ status: 'whole' });
  return response.body as { head: { sequence: number; hash: string } };
};

/**
 * One deletion done and one accepted, when `backUp` is called with the API up; then everything is gone, and `after` is
 * what `backUp` made of the copy.
 */
const comesBack = async (
  repository: string,
  before: Installation,
  backUp: (api: GatewayProcess) => Promise<Installation>,
): Promise<void> => {
  const at = { registryUrl: registry.url, repository };
  for (const tag of ['v1', 'v2']) await pushImage(at, { tags: [tag], content: `${repository} ${tag}` });
  const whole = await before.start();
  const done = await ask(whole, repository, 'v1', DONE);
  expect(await untilEnded(whole.api(), done)).toMatchObject({ state: 'succeeded' });
  await whole.server.stop();
  const api = await before.start(['--role', 'api']);
  const open = await ask(api, repository, 'v2', OPEN);
  const { head } = await verification(api);
  const after = await backUp(api);
  try {
    // As the guide says: the API first, to see what would be worked on.
    const looking = await after.start(['--role', 'api']);
    const waiting = await looking.api().get('/v1/deletions?state=planning').expect(200);
    expect((waiting.body as { items: DeletionView[] }).items.map(({ id }) => id)).toEqual([open]);
    const now = await verification(looking);
    expect(now.head.sequence).toBeGreaterThanOrEqual(head.sequence);
    expect((await headManifest(at, 'v2')).status).toBe(200);
    const worker = await after.start(['--role', 'worker']).catch(() => null);
    if (worker === null) await looking.server.stop();
    // The embedded database serves one process.
    const serving = worker === null ? await after.start() : looking;
    // Nobody rang for it: the reconciler found it.
    expect(await untilEnded(serving.api(), open)).toMatchObject({ state: 'succeeded' });
    expect((await headManifest(at, 'v2')).status).toBe(404);
    expect(await ask(serving, repository, 'v1', DONE)).toBe(done);
    expect(await ask(serving, repository, 'v2', OPEN)).toBe(open);
    const restored = await serving
      .api()
      .post(`/v1/deletions/${done}/restore`)
      .set('Prefer', 'wait=30')
      .send({ reason: 'a test' });
    expect(restored.body).toMatchObject({ state: 'restored' });
    expect((await headManifest(at, 'v1')).status).toBe(200);
    await verification(serving);
    await worker?.server.stop();
    await serving.server.stop();
  } finally {
    await after.remove();
  }
};

describe('a backup, brought back as the operations guide says', () => {
  it(
    'of the embedded database: the data directory, copied while Sexton is stopped',
    async () => {
      const registryUrl = registry.url;
      const before = await installGateway({ registryUrl });
      try {
        await comesBack('team-a/embedded', before, async (api) => {
          await api.server.stop();
          const after = await installGateway({ registryUrl, adminKey: before.adminKey });
          const file = join(after.home, 'sexton-data.tgz');
          const tar = (...args: string[]) =>
            execFileSync('tar', ['--file', file, '--preserve-permissions', ...args]);
          tar('--create', '--gzip', '--directory', before.home, 'data');
          tar('--extract', '--directory', after.home);
          return after;
        });
      } finally {
        await before.remove();
      }
    },
    PATIENCE_MS,
  );

  it.skipIf(!hasDebianPostgres())(
    'of DATABASE_URL: pg_dump while Sexton runs, into another server; the queue is lost [needs Debian postgresql]',
    async () => {
      const registryUrl = registry.url;
      const servers = [await startDebianPostgres(), await startDebianPostgres()] as const;
      const redis = await startRedis();
      const [from, to] = servers;
      const both = { registryUrl, redisUrl: redis.url };
      const before = await installGateway({ ...both, databaseUrl: from.url });
      const dumps = join(before.home, 'dumps');
      // For PostgreSQL's own user, which the programs run as.
      mkdirSync(dumps, { mode: 0o777 });
      execFileSync('chmod', ['755', before.home]);
      execFileSync('chmod', ['777', dumps]);
      try {
        await comesBack('team-a/dumped', before, async (api) => {
          const file = join(dumps, 'sexton.dump');
          await from.call('pg_dump', ['--format=custom', `--file=${file}`, from.url]);
          await api.server.stop('SIGKILL');
          await redis.flush();
          const empty = to.url.replace(/\/postgres$/, '/restored');
          await to.call('createdb', [`--maintenance-db=${to.url}`, 'restored']);
          await to.call('pg_restore', ['--exit-on-error', `--dbname=${empty}`, file]);
          return installGateway({ ...both, databaseUrl: empty, adminKey: before.adminKey });
        });
      } finally {
        await before.remove();
        await redis.stop();
        for (const server of servers) await server.stop();
      }
    },
    PATIENCE_MS,
  );
});
