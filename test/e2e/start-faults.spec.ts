import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../tools/free-port.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { installGateway } from '../support/gateway-process.js';

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const REGISTRY_URL = 'http://127.0.0.1:9';

let home: string;
let database: TestDatabase;
let taken: Server;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sexton-start-'));
  database = await createTestDatabase();
  taken = createServer();
  await new Promise<void>((done) => void taken.listen(0, '127.0.0.1', done));
  await writeFile(
    join(home, 'sexton.yaml'),
    `registries: { prod: { type: distribution, url: ${REGISTRY_URL} } }`,
  );
});

afterEach(async () => {
  await new Promise((done) => taken.close(done));
  await database.drop();
  await rm(home, { recursive: true, force: true });
});

const takenPort = () => (taken.address() as AddressInfo).port;

const start = (env: Record<string, string>, ...args: readonly string[]) =>
  spawnSync(process.execPath, [PROGRAM, ...args], {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOST: '127.0.0.1',
      SEXTON_CONFIG: join(home, 'sexton.yaml'),
      ...env,
    },
    encoding: 'utf8',
  });

describe('a start that fails', () => {
  it.each([
    [['--roll', 'api'], "Unknown option '--roll'"],
    [['api'], "Unexpected argument 'api'"],
    [['--role', 'boss'], '--role: must be one of all, api, worker'],
  ])('because the command line is wrong is 78, as with a wrong configuration: %j', (args, sentence) => {
    const { status, stderr } = start({ DATABASE_URL: database.url }, ...args);
    expect(status).toBe(78);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  it('because the port is taken says so, and loses neither the first admin key nor work', async () => {
    const { status, stdout, stderr } = start({ DATABASE_URL: database.url, PORT: String(takenPort()) });
    expect(status).toBe(1);
    expect(stderr).toContain(`cannot listen on 127.0.0.1, port ${takenPort()} (EADDRINUSE)`);
    expect(stderr + stdout).not.toMatch(/\\n {4}at |\n {4}at /);
    const [adminKey = ''] = /sxt_\w[\w-]+/.exec(stderr) ?? [];
    const installation = await installGateway({
      registryUrl: REGISTRY_URL,
      databaseUrl: database.url,
      adminKey,
      env: { SEXTON_ADMIN_KEY: '' },
    });
    const gateway = await installation.start();
    const page = await gateway.api().get('/v1/audit/events').expect(200);
    const actions = (page.body as { items: { action: string }[] }).items.map(({ action }) => action);
    expect(actions.filter((action) => action.startsWith('gateway.'))).toEqual([
      'gateway.started',
      'gateway.stopped',
      'gateway.started',
    ]);
    await gateway.server.stop();
    await installation.remove();
  });

  it('because PostgreSQL is away says what to look at, and no password', async () => {
    const port = await freePort();
    const { status, stderr } = start({ DATABASE_URL: `postgres://sexton:a-secret@127.0.0.1:${port}/x` });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^PostgreSQL cannot be used: .*ECONNREFUSED.*DATABASE_URL are right\n$/);
    expect(stderr).not.toContain('a-secret');
  });

  it('because the data directory is none says what to set', () => {
    const { status, stderr } = start({ SEXTON_DATA_DIR: join(home, 'sexton.yaml') });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^the data directory .*sexton\.yaml cannot be used: .*SEXTON_DATA_DIR/);
  });
});
