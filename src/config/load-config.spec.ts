import { describe, expect, it } from 'vitest';
import { makeCertificate } from '../../tools/certificate.js';
import { UNSIGNED } from '../audit/audit-options.js';
import { parseRegistryName } from '../oci/names.js';
import { DEFAULT_WEBHOOKS } from '../notifications/webhook-options.js';
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

const { cert, key } = await makeCertificate('authority');

const FILES: Record<string, string> = {
  '/run/secrets/registry': 'planted-secret\n',
  '/run/secrets/empty': '\n',
  '/run/secrets/marked': '\uFEFFplanted-secret\r\n',
  '/run/secrets/only-a-mark': '\uFEFF\n',
  '/run/secrets/two-lines': 'planted-secret\n\n',
  // As Node reads UTF-16, of Windows.
  '/run/secrets/utf-16': '\uFFFD\uFFFDp\0l\0',
  '/etc/ca.pem': `# ours\n${cert}\n${cert}`,
  '/etc/key.pem': key,
  '/etc/broken.pem': `${cert}-----BEGIN CERTIFICATE-----\nplantedsecret\n-----END CERTIFICATE-----\n`,
};

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
        tlsCa: FILES['/etc/ca.pem'],
        tokenRealms: ['https://auth.internal'],
        requestTimeoutMs: 10_000,
        connectTimeoutMs: 5_000,
        maxConcurrentRepositories: 8,
      },
    ]);
  });

  it('takes the password of a file without its byte order mark', () => {
    const [registry] = load(GOOD.replace('secrets/registry', 'secrets/marked')).registries.values();
    expect(registry?.credentials?.password).toBe('planted-secret');
  });

  it('takes a password from the environment', () => {
    const yaml = GOOD.replace('passwordFile: /run/secrets/registry', 'passwordEnv: REGISTRY_PASSWORD');
    const [registry] = load(yaml, { REGISTRY_PASSWORD: 'from env' }).registries.values();
    expect(registry?.credentials?.password).toBe('from env');
  });

  it('when there is none, says what to configure', () => {
    expect(faultsOf(null)).toMatch(/SEXTON_CONFIG: names no file[\s\S]*type: distribution/);
  });

  it('has defaults for all but the address of a registry', () => {
    const config = load('registries: { prod: { type: distribution, url: "http://localhost:5000" } }', {
      PORT: '',
      DATABASE_URL: '',
    });
    expect(config).toEqual({
      http: { host: '0.0.0.0', port: 8080, publicUrl: null, trustedProxies: [], corsOrigins: [] },
      rateLimit: { requests: 600, failedLogins: 30, perSeconds: 60 },
      dataDir: '.sexton',
      adminKey: null,
      databaseUrl: null,
      redisUrl: null,
      logLevel: 'info',
      registries: config.registries,
      collections: new Map(),
      front: { hosts: new Map(), defaultRegistry: null, sharedDigests: 'refuse' },
      guardrails: {
        holds: [],
        approvals: [],
        limits: {
          targetsPerRequest: null,
          share: null,
          targetsPerDay: null,
          approvalExpiresAfterMs: 259_200_000,
        },
      },
      identity: { oidc: null },
      audit: UNSIGNED,
      notifications: { webhooks: DEFAULT_WEBHOOKS },
      settings: config.settings,
      execution: {
        planAttempts: 12,
        targetAttempts: 12,
        retryBaseMs: 2_000,
        retryMaxMs: 300_000,
        reconcileEveryMs: 5_000,
      },
    });
    expect([...config.registries]).toEqual([
      [
        'prod',
        {
          name: 'prod',
          type: 'distribution',
          url: 'http://localhost:5000',
          credentials: null,
          tlsCa: null,
          tokenRealms: [],
          maxConcurrentRepositories: 8,
          connectTimeoutMs: 5_000,
          requestTimeoutMs: 30_000,
          attempts: 4,
          retryBaseMs: 200,
          retryMaxMs: 10_000,
          namespaces: 'required',
          storage: null,
        },
      ],
    ]);
  });

  it('takes a registry through its files, with or without an address to ask', () => {
    const of = (rest: string) =>
      load(`registries: { prod: { type: storage, ${rest} } }`).registries.get(parseRegistryName('prod'));
    expect(of('storage: { filesystem: /var/lib/registry/ }')).toMatchObject({
      url: '',
      storage: { directory: '/var/lib/registry', online: false },
    });
    expect(of('url: "http://registry:5000/", storage: { filesystem: /x, online: true }')).toMatchObject({
      url: 'http://registry:5000',
      storage: { directory: '/x', online: true },
    });
  });

  it('knows a token issuer, with signatures that only the issuer can make', () => {
    const oidc = `${GOOD}identity: { oidc: { issuer: "https://login.internal/realms/a", audience: sexton, caFile: /etc/ca.pem, roleMap: { ops: operator, all: requester } } }`;
    expect(load(oidc).identity.oidc).toEqual({
      issuer: 'https://login.internal/realms/a',
      audience: ['sexton'],
      jwksUri: null,
      algorithms: ['RS256', 'ES256', 'EdDSA'],
      clockSkewMs: 30_000,
      roleClaim: 'roles',
      roleMap: new Map([
        ['ops', 'operator'],
        ['all', 'requester'],
      ]),
      defaultRole: null,
      scopesClaim: 'sexton_scopes',
      nameClaim: 'preferred_username',
      clientId: null,
      tlsCa: FILES['/etc/ca.pem'],
    });
    for (const algorithm of ['HS256', 'none']) {
      const yaml = oidc.replace('audience:', `algorithms: [${algorithm}], audience:`);
      expect(faultsOf(yaml)).toContain('identity.oidc.algorithms.0: ');
    }
    const faults = faultsOf(oidc.replace('/realms/a', '?x'));
    expect(faults).toContain('identity.oidc.issuer: must have no query');
    expect(faultsOf(oidc.replace('caFile: /etc/ca.pem, role', 'caFile: /etc/none.pem, role'))).toContain(
      'identity.oidc.caFile: the file',
    );
    expect(faultsOf(oidc.replace('audience:', 'clockSkew: 1h, audience:'))).toContain(
      'identity.oidc.clockSkew: ',
    );
  });

  it('knows how it is reached, and how often', () => {
    const yaml = `${GOOD}http: { publicUrl: "https://Hub.internal:443/", trustedProxies: [10.0.0.0/8, "::1"], cors: { origins: ["https://tools.internal"] } }
rateLimit: { requests: 10, per: 5m }`;
    expect(load(yaml)).toMatchObject({
      http: {
        publicUrl: 'https://hub.internal',
        trustedProxies: ['10.0.0.0/8', '::1'],
        corsOrigins: ['https://tools.internal'],
      },
      rateLimit: { requests: 10, failedLogins: 30, perSeconds: 300 },
    });
    for (const [good, bad, path] of [
      ['https://Hub.internal:443/', 'https://hub.internal/sexton', 'http.publicUrl'],
      ['10.0.0.0/8', 'everybody', 'http.trustedProxies.0'],
      ['https://tools.internal', '*', 'http.cors.origins.0'],
      ['https://tools.internal', 'https://tools.internal/', 'http.cors.origins.0'],
      ['5m', '1500ms', 'rateLimit.per'],
      ['requests: 10', 'requests: 0', 'rateLimit.requests'],
    ] as const) {
      expect(faultsOf(yaml.replace(good, bad))).toContain(`${path}: `);
    }
  });

  it('knows a Harbor', () => {
    const { registries } = load(GOOD.replace('distribution', 'harbor'));
    expect([...registries.values()].map(({ type }) => type)).toEqual(['harbor']);
  });

  it('takes port 0, and the log level of the environment before that of the file', () => {
    const config = load(`${GOOD}log: { level: warn }`, { PORT: '0', SEXTON_LOG_LEVEL: 'debug' });
    expect([config.http.port, config.logLevel]).toEqual([0, 'debug']);
    expect(load(`${GOOD}log: { level: warn }`).logLevel).toBe('warn');
  });

  it.each([
    [
      'an unknown key',
      GOOD.replace('url:', 'adress: x\n    url:'),
      'registries.prod.adress: is not known here; allowed: type, url',
    ],
    [
      'a host of the front for no registry',
      `${GOOD}\nfront: { hosts: { hub.internal: dev } }`,
      'front.hosts.hub.internal: names dev, which is not under registries',
    ],
    [
      'a default registry that is none',
      `${GOOD}\nfront: { defaultRegistry: dev }`,
      'front.defaultRegistry: names dev, which is not under registries',
    ],
    [
      'an unknown key at the top',
      `${GOOD}\nhold: []`,
      'hold: is not known here; allowed: registries, front, holds, approvals, limits, identity, http, rateLimit, audit, notifications, log, execution',
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
    ['a duration of nothing', GOOD.replace('10s', '0s'), 'request: must be from 1ms to 24d'],
    ['a duration no timer holds', GOOD.replace('10s', '30d'), 'request: must be from 1ms to 24d'],
    [
      'a longest wait below the first',
      `${GOOD}execution: { retryBase: 1m, retryMax: 1s }`,
      'execution.retryMax: must not be below retryBase',
    ],
    [
      'a reconciler that never rests',
      `${GOOD}execution: { reconcileEvery: 1ms }`,
      'execution.reconcileEvery: must be from 100ms',
    ],
    [
      'an empty password file',
      GOOD.replace('/run/secrets/registry', '/run/secrets/empty'),
      'registries.prod.credentials.passwordFile: the file /run/secrets/empty is empty',
    ],
    [
      'a password file of a byte order mark',
      GOOD.replace('/run/secrets/registry', '/run/secrets/only-a-mark'),
      'registries.prod.credentials.passwordFile: the file /run/secrets/only-a-mark is empty',
    ],
    [
      'a password file of two lines',
      GOOD.replace('/run/secrets/registry', '/run/secrets/two-lines'),
      'passwordFile: the file /run/secrets/two-lines holds more than one line',
    ],
    [
      'a password file in UTF-16',
      GOOD.replace('/run/secrets/registry', '/run/secrets/utf-16'),
      'passwordFile: the file /run/secrets/utf-16 is not text in UTF-8',
    ],
    [
      'a password variable that every object has',
      GOOD.replace('passwordFile: /run/secrets/registry', 'passwordEnv: constructor'),
      'the environment variable constructor is not set',
    ],
    ['a key for a CA', GOOD.replace('/etc/ca.pem', '/etc/key.pem'), 'tls.caFile: the file /etc/key.pem'],
    ['a broken CA', GOOD.replace('/etc/ca.pem', '/etc/broken.pem'), 'tls.caFile: the file /etc/broken.pem'],
    ['a URL with a query', GOOD.replace(':5000/', ':5000/?key=planted-secret'), 'registries.prod.url'],
    ['a URL of the API', GOOD.replace(':5000/', ':5000/v2/'), 'url: must end before /v2'],
    ['a URL of the old API', GOOD.replace(':5000/', ':5000/v1/'), 'url: must end before /v2 (or /v1,'],
    ['a URL of the DTR API', GOOD.replace(':5000/', ':5000/api/v0'), 'url: must end before /v2'],
    [
      'namespaces on a registry without them',
      GOOD.replace('type: distribution', 'type: distribution\n    namespaces: optional'),
      'registries.prod.namespaces: is for a registry of type dtr only',
    ],
    ['no URL', GOOD.replace(/url:.*/, ''), 'registries.prod.url: is required'],
    ['no storage', 'registries: { prod: { type: storage } }', 'registries.prod.storage: is required'],
    [
      'a storage that another type could not mind being online',
      GOOD.replace('type: distribution', 'type: distribution\n    storage: { filesystem: /x, online: true }'),
      'registries.prod.storage.online: is for a registry of type storage only',
    ],
    [
      'an engine that a storage has not',
      `registries: { prod: { type: storage, storage: { filesystem: /x }, collection: { engine: dtr } } }`,
      'registries.prod.collection.engine: must be sexton, command',
    ],
    [
      'a command without an address to ask',
      `registries: { prod: { type: storage, storage: { filesystem: /x }, collection: { engine: command, command: { garbageCollect: [gc] } } } }`,
      'registries.prod.collection.engine: must be sexton, command',
    ],
    [
      'two registries on one storage',
      `registries: { a: { type: storage, storage: { filesystem: /x } }, b: { type: storage, storage: { filesystem: /x/ } } }`,
      'registries.b.storage.filesystem: is the storage of registries.a too',
    ],
    // Promise 3: the claim of a repository is by the registry's name.
    [
      'two names for one registry',
      `${GOOD}  again: { type: distribution, url: "https://REGISTRY.internal:5000" }`,
      'registries.again.url: is the address of registries.prod too',
    ],
    ['an empty file', '# nothing', 'SEXTON_CONFIG: /etc/sexton.yaml is empty'],
    ['a list', '[planted-secret]', 'sexton.yaml: '],
    ['an alias without anchor', GOOD.replace('sexton,', '*planted-secret ,'), 'an alias'],
    ['a key that stands twice', `${GOOD}log: {}\nlog: {}`, 'duplicate key at line'],
    ['an unknown tag', GOOD.replace('sexton,', '!planted-secret x,'), 'tag resolve failed at line 6'],
    ['no YAML', 'registries: [', 'SEXTON_CONFIG: /etc/sexton.yaml is not YAML'],
  ])('with %s is refused by name', (_what, yaml, expected) => {
    const faults = faultsOf(yaml);
    expect(faults).toContain(expected);
    expect(faults).not.toContain('planted-secret');
  });

  it('with holds or rules of a registry that is not there is refused: they would guard nothing', () => {
    const guards = `holds: [{ registry: nowhere, repository: "**", reason: x }]
approvals: { rules: [{ registry: gone }] }`;
    const faults = faultsOf(`${GOOD}\n${guards}`);
    expect(faults).toContain('holds.0.registry: names nowhere, which is not under registries');
    expect(faults).toContain('approvals.rules.0.registry: names gone, which is not under registries');
  });

  it('names every fault of the file at once, also below a name that is none', () => {
    const faults = faultsOf(`
registries:
  Prod: { type: distribution, url: "https://me:planted-secret@registry", retries: { attempts: 0 } }
  test: { type: distribution, url: "https://test", credentials: { username: x, passwordEnv: NOT_SET } }
  more: { type: distribution }
log: { levl: info }
extra: 1
`);
    expect(faults.split('\n').map((line) => line.trim().split(': ')[0])).toEqual(
      expect.arrayContaining([
        'registries.Prod',
        'registries.Prod.url',
        'registries.Prod.retries.attempts',
        'registries.test.credentials.passwordEnv',
        'registries.more.url',
        'log.levl',
        'extra',
      ]),
    );
    expect(faults).not.toContain('planted-secret');
  });

  it('names the faults of what sections point at beside those of other sections, and none twice', () => {
    const faults = faultsOf(`
registries:
  prod: { type: distribution, url: "https://prod", retries: { attempts: 0 } }
holds: [{ registry: nowhere, repository: "**", reason: x }, { registry: prod, repository: "**", reason: x }]
front: { defaultRegistry: gone }
audit: { signingKeyFile: /nowhere.pem }
notifications: { webhooks: { tls: { caFile: /nowhere.pem } } }
log: { level: loud }
`);
    expect(faults.split('\n').flatMap((line) => /^ {2}(\S+): /.exec(line)?.[1] ?? [])).toEqual([
      'registries.prod.retries.attempts',
      'log.level',
      'holds.0.registry',
      'front.defaultRegistry',
      'audit.signingKeyFile',
      'notifications.webhooks.tls.caFile',
    ]);
  });

  it.each([
    ['PORT', ' '],
    ['PORT', '65536'],
    ['PORT', '1e3'],
    ['PORT', '-1'],
    ['HOST', 'two words'],
    ['SEXTON_ADMIN_KEY', 'sxt_short'],
    ['SEXTON_ADMIN_KEY', `sxt_${'x'.repeat(31)}`],
    ['SEXTON_ADMIN_KEY', `xxt_${'x'.repeat(40)}`],
    ['DATABASE_URL', 'localhost/sexton'],
    ['REDIS_URL', 'http://planted-secret@localhost'],
    ['SEXTON_LOG_LEVEL', 'loud'],
  ])('with %s=%s is refused by name', (name, value) => {
    const faults = faultsOf(GOOD, { [name]: value });
    expect(faults).toMatch(new RegExp(`\n  ${name}: `));
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
