import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../src/config/load-config.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const SECRET = 'from-a-secret';

/** Loads a sexton.yaml as the container would, where it can read these secret files and nothing else. */
const load = (yaml: string, secretFiles: readonly string[]) =>
  loadConfig({ SEXTON_CONFIG: '/etc/sexton/sexton.yaml' }, (path) => {
    if (path === '/etc/sexton/sexton.yaml') return yaml;
    if (secretFiles.includes(path)) return SECRET;
    throw Object.assign(new Error('not mounted'), { code: 'ENOENT' });
  });

const variables = z.record(z.string(), z.string());

describe('docker-compose.yml', () => {
  const compose = z
    .object({
      services: z.record(
        z.string(),
        z.looseObject({
          read_only: z.boolean(),
          secrets: z.array(z.string()),
          environment: variables.default({}),
        }),
      ),
      secrets: z.record(z.string(), z.object({ file: z.string() })),
    })
    .parse(parse(read('docker-compose.yml'), { merge: true }));

  it.each(['api', 'worker'])('gives the %s a configuration that it accepts', (service) => {
    const secrets = compose.services[service]?.secrets.map((name) => `/run/secrets/${name}`) ?? [];
    const config = load(read('deploy/compose/sexton.yaml'), secrets);
    expect([...config.registries.values()]).toMatchObject([{ credentials: { password: SECRET } }]);
  });

  it('mounts every secret that a service reads, and all are made by make-secrets.sh', () => {
    const script = read('deploy/compose/make-secrets.sh');
    const declared = Object.entries(compose.secrets);
    expect(declared.map(([name]) => name)).toContain('admin_key');
    for (const [name, { file }] of declared) {
      expect(file).toBe(`deploy/compose/secrets/${name}`);
      expect(script).toMatch(new RegExp(`^write ${name} |secrets/${name}$`, 'm'));
    }
    for (const [service, { secrets, environment }] of Object.entries(compose.services)) {
      const files = Object.values(environment).filter((value) => value.startsWith('/run/secrets/'));
      expect(secrets, service).toEqual(expect.arrayContaining(files.map(nameOf)));
      expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining(secrets));
    }
  });

  it('locks every service down', () => {
    const open = Object.entries(compose.services).filter(([, { read_only: isReadOnly }]) => !isReadOnly);
    expect(open).toEqual([]);
  });
});

const nameOf = (path: string): string => path.split('/').at(-1) ?? '';

describe('deploy/kubernetes', () => {
  const documents = readdirSync(join(ROOT, 'deploy/kubernetes')).flatMap((file) =>
    parseAllDocuments(read(`deploy/kubernetes/${file}`)).map((document) => {
      expect(document.errors, file).toEqual([]);
      return document.toJS() as unknown;
    }),
  );
  const ofKind = <T>(kind: string, shape: z.ZodType<T>): T[] =>
    documents
      .filter((document) => z.object({ kind: z.string() }).parse(document).kind === kind)
      .map((document) => shape.parse(document));
  const [secret] = ofKind('Secret', z.object({ stringData: variables }));
  const files = Object.keys(secret?.stringData ?? {}).map((key) => `/run/secrets/sexton/${key}`);

  it('gives Sexton a configuration that it accepts', () => {
    const [config] = ofKind('ConfigMap', z.object({ data: z.object({ 'sexton.yaml': z.string() }) }));
    const { registries } = load(config?.data['sexton.yaml'] ?? '', files);
    expect([...registries.values()]).toMatchObject([{ credentials: { password: SECRET } }]);
  });

  it('has an admin key in its example that Sexton takes, and secrets for every file that a process reads', () => {
    const deployments = ofKind(
      'Deployment',
      z.object({
        spec: z.object({
          template: z.object({
            spec: z.object({
              containers: z.array(
                z.object({
                  args: z.array(z.string()),
                  env: z.array(z.object({ name: z.string(), value: z.string() })),
                }),
              ),
            }),
          }),
        }),
      }),
    );
    const containers = deployments.flatMap(({ spec }) => spec.template.spec.containers);
    expect(containers.map(({ args }) => args).sort()).toEqual([
      ['--role', 'api'],
      ['--role', 'worker'],
    ]);
    for (const { env } of containers) {
      expect(files).toEqual(expect.arrayContaining(env.map(({ value }) => value)));
    }
    const environment = Object.fromEntries(
      containers.flatMap(({ env }) =>
        env.map(({ name, value }) => [name.replace('_FILE', ''), secret?.stringData[nameOf(value)]]),
      ),
    );
    const yaml = 'registries: { prod: { type: distribution, url: "https://registry.internal" } }';
    const config = loadConfig({ ...environment, SEXTON_CONFIG: 'sexton.yaml' }, () => yaml);
    expect(config.adminKey).toBe(secret?.stringData['admin-key']);
    expect([config.databaseUrl, config.redisUrl]).not.toContain(null);
  });
});

describe('the entry point of the image', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sexton-entrypoint-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const entrypoint = join(ROOT, 'deploy/container/entrypoint.sh');
  const start = (env: Record<string, string>) =>
    run(entrypoint, ['sh', '-c', 'echo "$$ $DATABASE_URL ${DATABASE_URL_FILE-unset}"'], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
    });
  const secretFile = async (text: string): Promise<string> => {
    const path = join(folder, 'url');
    await writeFile(path, text);
    return path;
  };

  it('reads a secret from its file, and becomes the command', async () => {
    const url = 'postgres://me:$(id)%20"\'`@db/x';
    const child = start({ DATABASE_URL_FILE: await secretFile(`${url}\n`) });
    expect((await child).stdout).toBe(`${child.child.pid} ${url} unset\n`);
  });

  it('leaves a variable alone that is set itself', async () => {
    expect((await start({ DATABASE_URL: 'postgres://db/x' })).stdout).toContain(' postgres://db/x unset\n');
  });

  it.each([
    ['is missing', async () => ({ DATABASE_URL_FILE: join(folder, 'nowhere') })],
    ['is empty', async () => ({ DATABASE_URL_FILE: await secretFile('\n') })],
    [
      'stands beside the variable',
      async () => ({ DATABASE_URL_FILE: await secretFile('x'), DATABASE_URL: 'y' }),
    ],
  ])('refuses to start when the file %s', async (_, env) => {
    await expect(start(await env())).rejects.toMatchObject({
      code: 78,
      stdout: '',
      stderr: expect.stringContaining('DATABASE_URL_FILE') as string,
    });
  });
});
