import { resolve } from 'node:path';
import type { RegistryName } from '../oci/names.js';
import type { RegistryOptions } from '../registries/registry-options.js';
import type { RegistryEntry } from './config-file.schema.js';
import type { ConfigFault } from './config.js';
import { parseDuration } from './duration.js';
import { readAuthorities, readPassword, type ReadFile } from './secret-files.js';

/** Where an entry's secrets come from, and where its faults go. */
export interface EntrySources {
  readonly env: ReadonlyMap<string, string>;
  readonly readFile: ReadFile;
  readonly faults: ConfigFault[];
}

/** What an adapter needs of one entry of sexton.yaml, with the files that it names. */
export const registryOptionsOf = (
  name: RegistryName,
  entry: RegistryEntry,
  sources: EntrySources,
): RegistryOptions => {
  const { credentials, tls, timeouts, retries } = entry;
  const fail = (at: string) => (message: string) =>
    void sources.faults.push({ path: `registries.${name}.${at}`, message });
  return {
    name,
    type: entry.type,
    url: entry.url?.replace(/\/+$/, '') ?? '',
    credentials: credentials
      ? { username: credentials.username, password: passwordOf(credentials, sources, fail) ?? '' }
      : null,
    tlsCa: tls ? readAuthorities(sources.readFile, tls.caFile, fail('tls.caFile')) : null,
    tokenRealms: entry.tokenRealms.map((realm) => new URL(realm).origin),
    maxConcurrentRepositories: entry.maxConcurrentRepositories,
    connectTimeoutMs: ms(timeouts.connect),
    requestTimeoutMs: ms(timeouts.request),
    attempts: retries.attempts,
    retryBaseMs: ms(retries.base),
    retryMaxMs: ms(retries.max),
    namespaces: entry.namespaces ?? 'required',
    storage:
      entry.type === 'storage' && entry.storage
        ? { directory: resolve(entry.storage.filesystem), online: entry.storage.online ?? false }
        : null,
  };
};

const passwordOf = (
  { passwordEnv, passwordFile }: NonNullable<RegistryEntry['credentials']>,
  { env, readFile }: EntrySources,
  fail: (at: string) => (message: string) => void,
): string | null => {
  if (passwordFile !== undefined)
    return readPassword(readFile, passwordFile, fail('credentials.passwordFile'));
  const password = passwordEnv === undefined ? undefined : env.get(passwordEnv);
  if (password !== undefined) return password;
  fail('credentials.passwordEnv')(`the environment variable ${passwordEnv ?? ''} is not set, or empty`);
  return null;
};

/** Of a duration that the schema let through. */
export const ms = (duration: string): number => parseDuration(duration) ?? 0;
