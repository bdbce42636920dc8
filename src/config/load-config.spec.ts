import { describe, expect, it } from 'vitest';
import { ConfigError, type Config } from './config.js';
import { loadConfig } from './load-config.js';

const GOOD = `
registries:
  prod:
    type: distribution
    url: https://registry.internal:5000/
    credentials: { username: sexton, passwordFile: /run/secrets/registry }
    tls: { caFile: /etc/ca.pem }
    tokenRealms: ["https://auth.internal/token"]
    timeouts: { request: 10s }
`;

const FILES: Record<string, string> = { '/run/secrets/registry': 'planted-secret\n', '/etc/ca.pem': 'PEM' };

const load = (yaml: string | null, env: Record<string, string> = {}): Config =>
  loadConfig(yaml === null ? env : { SEXTON_CONFIG: '/etc/sexton.yaml', ...env }, (path) => {
    if (path === '/etc/sexton.yaml' && yaml !== null) return yaml;
    const text = FILES[path];
    if (text === undefined) throw new Error('ENOENT');
    return text;
  });

const faultsOf = (yaml: string | null, env: Record<string, string> = {}): string => {
  try {
    load(yaml, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('the configuration', () => {
  it('is read from the file, the environment and the secrets that they name', () => {
    const config = load(GOOD, { PORT: '9000', DATABASE_URL: 'postgres://db/x', REDIS_URL: 'redis://r' });
    expect(config).toMatchObject({
      http: { port: 9000, host: '0.0.0.0' },
      dataDir: '.sexton',
      logLevel: 'info',
    });
    expect([...config.registries.values()]).toMatchObject([
      {
        name: 'prod',
        url: 'https://registry.internal:5000',
        credentials: { username: 'sexton', password: 'planted-secret' },
        tlsCa: 'PEM',
        tokenRealms: ['https://auth.internal'],
        requestTimeoutMs: 10_000,
        connectTimeoutMs: 5_000,
        maxConcurrentRepositories: 8,
      },
    ]);
  });

  it('takes a password from the environment', () => {
    const yaml = GOOD.replace('passwordFile: /run/secrets/registry', 'passwordEnv: REGISTRY_PASSWORD');
    const [registry] = load(yaml, { REGISTRY_PASSWORD: 'from env' }).registries.values();
    expect(registry?.credentials?.password).toBe('from env');
  });

  it('when there is none, says what to configure', () => {
    expect(faultsOf(null)).toMatch(/SEXTON_CONFIG: names no file[\s\S]*type: distribution/);
  });

  it.each([
    [
      'an unknown key',
      GOOD.replace('url:', 'adress: x\n    url:'),
      'registries.prod.adress: is not known here; allowed: type, url',
    ],
    [
      'an unknown key at the top',
      `${GOOD}\nholds: []`,
      'holds: is not known here; allowed: registries, log, execution',
    ],
    ['an unknown type', GOOD.replace('distribution', 'quay'), 'registries.prod.type'],
    ['no registries', 'registries: {}', 'registries: must name at least one'],
    ['a name that is none', GOOD.replace('prod:', 'Prod_1:'), 'registries.Prod_1'],
    [
      'a URL that is none',
      GOOD.replace('https://registry.internal:5000/', 'registry.internal'),
      'registries.prod.url',
    ],
    ['credentials in the URL', GOOD.replace('https://', 'https://me:planted-secret@'), 'registries.prod.url'],
    [
      'a password in the file',
      GOOD.replace('passwordFile: /run/secrets/registry', 'password: planted-secret'),
      'registries.prod.credentials',
    ],
    [
      'two passwords',
      GOOD.replace('passwordFile', 'passwordEnv: X, passwordFile'),
      'exactly one of passwordEnv and passwordFile',
    ],
    [
      'a missing password file',
      GOOD.replace('/run/secrets/registry', '/nowhere'),
      'registries.prod.credentials.passwordFile',
    ],
    ['a missing CA', GOOD.replace('/etc/ca.pem', '/nowhere'), 'registries.prod.tls.caFile'],
    ['a duration without unit', GOOD.replace('10s', '10'), 'registries.prod.timeouts.request'],
    ['no YAML', 'registries: [', 'SEXTON_CONFIG: /etc/sexton.yaml is not YAML'],
  ])('with %s is refused by name', (_what, yaml, expected) => {
    const faults = faultsOf(yaml);
    expect(faults).toContain(expected);
    expect(faults).not.toContain('planted-secret');
  });

  it('names a missing variable of a password, and every fault of the environment, all at once', () => {
    const yaml = GOOD.replace('passwordFile: /run/secrets/registry', 'passwordEnv: REGISTRY_PASSWORD');
    const env = {
      PORT: '99999',
      SEXTON_ADMIN_KEY: 'planted-secret',
      DATABASE_URL: 'mysql://planted-secret',
      REDIS_URL: 'x',
    };
    const faults = faultsOf(yaml, env);
    for (const name of ['PORT', 'SEXTON_ADMIN_KEY', 'DATABASE_URL', 'REDIS_URL', 'REGISTRY_PASSWORD']) {
      expect(faults).toContain(name);
    }
    expect(faults).not.toContain('planted-secret');
  });
});
