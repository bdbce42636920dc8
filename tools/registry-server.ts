import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import { stringify } from 'yaml';
import { startServer, type ChildServer } from './child-server.js';
import { freePort } from './free-port.js';

export interface RegistryServerOptions {
  /** Holds docker/registry/v2; a temporary directory by default. */
  readonly storageDir?: string;
  readonly port?: number;
  readonly deleteEnabled?: boolean;
  readonly readOnly?: boolean;
  readonly htpasswd?: { readonly username: string; readonly password: string };
  readonly token?: {
    readonly realm: string;
    readonly service: string;
    readonly issuer: string;
    readonly rootCertBundle: string;
  };
  readonly proxyRemoteUrl?: string;
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** The blob-descriptor cache. In memory by default, as packaged configurations have it. */
  readonly cache?: 'inmemory' | 'none';
}

export interface RegistryServer {
  readonly url: string;
  readonly port: number;
  readonly storageDir: string;
  /** The configuration it runs with, for other commands of the same binary. */
  readonly configPath: string;
  log(): string;
  stop(): Promise<void>;
  /** kill -9; its files stay, and `restart` starts it again on them. */
  kill(): Promise<void>;
  /** Stops it and starts it again on the same port and storage, with other options if given. */
  restart(changes?: RegistryServerOptions): Promise<void>;
}

const CONFIG_FILE = 'config.yml';

/** The registry's binary on PATH: Debian's name first, then the upstream's. Null when there is none. */
export const registryBinary = (): string | null =>
  ['docker-registry', 'registry'].find((name) => spawnSync(name, ['--version']).status === 0) ?? null;

/** Runs the real registry on loopback. */
export const startRegistry = async (options: RegistryServerOptions = {}): Promise<RegistryServer> => {
  const binary = registryBinary();
  if (binary === null)
    throw new Error('no docker-registry on PATH; install the Debian package docker-registry');
  const home = await mkdtemp(join(tmpdir(), 'registry-'));
  const storageDir = options.storageDir ?? join(home, 'storage');
  const port = options.port ?? (await freePort());
  let current = { ...options, storageDir, port };
  const url = `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const start = async (): Promise<ChildServer> => {
    const config = await writeConfig(home, current);
    return startServer(binary, ['serve', config], () => answers(url));
  };
  let server = await start();
  const remove = () => rm(home, { recursive: true, force: true });
  return {
    url,
    port,
    storageDir,
    configPath: join(home, CONFIG_FILE),
    log: () => server.log(),
    stop: async () => {
      await server.stop();
      await remove();
    },
    kill: () => server.stop('SIGKILL'),
    restart: async (changes = {}) => {
      await server.stop();
      current = { ...current, ...changes, storageDir, port };
      server = await start();
    },
  };
};

const writeConfig = async (
  home: string,
  options: RegistryServerOptions & { readonly storageDir: string; readonly port: number },
): Promise<string> => {
  await mkdir(options.storageDir, { recursive: true });
  const htpasswdPath = join(home, 'htpasswd');
  if (options.htpasswd) {
    const { username, password } = options.htpasswd;
    // The registry takes bcrypt only, and Go's bcrypt wants the 2a prefix or 2b.
    await writeFile(htpasswdPath, `${username}:${bcrypt.hashSync(password, 4)}\n`);
    await chmod(htpasswdPath, 0o600);
  }
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: options.storageDir },
      delete: { enabled: options.deleteEnabled ?? true },
      ...(options.cache !== 'none' && { cache: { blobdescriptor: 'inmemory' } }),
      maintenance: {
        uploadpurging: { enabled: false },
        // In the file, never by REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: that one is ignored (TRAPS 28).
        readonly: { enabled: options.readOnly ?? false },
      },
    },
    http: {
      addr: `127.0.0.1:${options.port}`,
      secret: 'a secret of a test registry',
      ...(options.tls && { tls: { certificate: options.tls.certFile, key: options.tls.keyFile } }),
    },
    ...(options.htpasswd && { auth: { htpasswd: { realm: 'test', path: htpasswdPath } } }),
    ...(options.token && {
      auth: {
        token: {
          realm: options.token.realm,
          service: options.token.service,
          issuer: options.token.issuer,
          rootcertbundle: options.token.rootCertBundle,
        },
      },
    }),
    ...(options.proxyRemoteUrl && { proxy: { remoteurl: options.proxyRemoteUrl } }),
  };
  const path = join(home, CONFIG_FILE);
  await writeFile(path, stringify(config));
  return path;
};

/** Any answer to GET /v2/ at all: a registry that wants credentials is up. */
const answers = (url: string): Promise<boolean> =>
  new Promise((done, failed) => {
    const get = url.startsWith('https:') ? httpsGet : httpGet;
    // The caller made the certificate, and nothing secret is sent.
    get(`${url}/v2/`, { agent: false, rejectUnauthorized: false }, (response) => {
      response.resume();
      done(true);
    }).on('error', failed);
  });
