import { resolve } from 'node:path';
import { z } from 'zod';
import { registryNameSchema, type RegistryName } from '../oci/names.js';
import type { RegistryOptions } from '../registries/registry-options.js';
import type { CollectionOptions } from '../collections/collection-options.js';
import { collectionOptionsOf } from './collection-entry.js';
import { auditOptionsOf } from './audit-entry.js';
import { registrySchema, type ConfigFile } from './config-file.schema.js';
import { ConfigError, type Config, type ConfigFault } from './config.js';
import { environmentSchema } from './environment.js';
import { faultsOf, sayRequired } from './faults.js';
import { guardrailsOf } from './guardrails-entry.js';
import { oidcOptionsOf } from './identity-entry.js';
import { webhookOptionsOf } from './notifications-entry.js';
import { readConfigFile } from './read-config-file.js';
import { ms, registryOptionsOf, type EntrySources } from './registry-entry.js';
import type { ReadFile } from './secret-files.js';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The whole configuration, from the environment and the file that `SEXTON_CONFIG` names. `readFile` returns a file's
 * text or throws. Throws one `ConfigError` with every fault: Sexton does not start half-configured.
 */
export const loadConfig = (env: Env, readFile: ReadFile): Config => {
  const faults: ConfigFault[] = [];
  // An empty variable is an unset one: that is what compose files and unit files make of a missing value.
  const set = new Map(Object.entries(env).flatMap(([key, value]) => (value ? [[key, value] as const] : [])));
  const environment = environmentSchema.safeParse(Object.fromEntries(set));
  if (!environment.success) faults.push(...faultsOf(environment.error));
  const { file, right, registries: entries } = readConfigFile(set.get('SEXTON_CONFIG'), readFile, faults);
  const sources: EntrySources = { env: set, readFile, faults };
  const { registries, collections } = registriesOf(entries, sources);
  const named = new Set(entries.map(([name]) => name));
  const has = (name: RegistryName): boolean => named.has(name);
  const oidc = right.identity ? oidcOptionsOf(right.identity, sources) : null;
  const { holds, approvals, limits } = right;
  const guardrails = holds && approvals && limits && guardrailsOf({ holds, approvals, limits }, has, faults);
  if (right.front) checkFront(right.front, has, faults);
  const audit = right.audit && auditOptionsOf(right.audit, sources);
  const webhooks = right.notifications && webhookOptionsOf(right.notifications, sources);
  if (!environment.success || !file || !audit || !guardrails || !webhooks || faults.length > 0)
    throw new ConfigError(faults);
  const { data } = environment;
  return {
    http: {
      host: data.HOST,
      port: data.PORT,
      publicUrl: file.http.publicUrl === undefined ? null : new URL(file.http.publicUrl).origin,
      trustedProxies: file.http.trustedProxies,
      corsOrigins: file.http.cors.origins,
    },
    rateLimit: {
      requests: file.rateLimit.requests,
      failedLogins: file.rateLimit.failedLogins,
      perSeconds: ms(file.rateLimit.per) / 1000,
    },
    dataDir: data.SEXTON_DATA_DIR,
    adminKey: data.SEXTON_ADMIN_KEY ?? null,
    databaseUrl: data.DATABASE_URL ?? null,
    redisUrl: data.REDIS_URL ?? null,
    logLevel: data.SEXTON_LOG_LEVEL ?? file.log.level,
    registries,
    collections,
    front: {
      hosts: new Map(Object.entries(file.front.hosts)),
      defaultRegistry: file.front.defaultRegistry ?? null,
      sharedDigests: file.front.sharedDigests,
    },
    guardrails,
    identity: { oidc },
    audit,
    notifications: { webhooks },
    settings: z.record(z.string(), z.json()).parse(JSON.parse(JSON.stringify(file))),
    execution: {
      planAttempts: file.execution.attempts,
      targetAttempts: file.execution.attempts,
      retryBaseMs: ms(file.execution.retryBase),
      retryMaxMs: ms(file.execution.retryMax),
      reconcileEveryMs: ms(file.execution.reconcileEvery),
    },
  };
};

const checkFront = (
  { hosts, defaultRegistry }: ConfigFile['front'],
  has: (name: RegistryName) => boolean,
  faults: ConfigFault[],
): void => {
  const named: [path: string, name: RegistryName][] = Object.entries(hosts).map(([host, name]) => [
    `front.hosts.${host}`,
    name,
  ]);
  if (defaultRegistry !== undefined) named.push(['front.defaultRegistry', defaultRegistry]);
  for (const [path, name] of named) {
    if (!has(name)) faults.push({ path, message: `names ${name}, which is not under registries` });
  }
};

const registriesOf = (
  entries: readonly (readonly [string, unknown])[],
  sources: EntrySources,
): { registries: Map<RegistryName, RegistryOptions>; collections: Map<RegistryName, CollectionOptions> } => {
  const registries = new Map<RegistryName, RegistryOptions>();
  const collections = new Map<RegistryName, CollectionOptions>();
  const byUrl = new Map<string, string>();
  const byStorage = new Map<string, string>();
  for (const [text, content] of entries) {
    const name = registryNameSchema.safeParse(text);
    const entry = registrySchema.safeParse(content, { error: sayRequired });
    // The schema of the whole file does not look at the entry below a name that it refuses.
    if (!name.success && !entry.success) sources.faults.push(...faultsOf(entry.error, ['registries', text]));
    if (!name.success || !entry.success) continue;
    const options = registryOptionsOf(name.data, entry.data, sources);
    const url = options.url === '' ? null : new URL(options.url).href;
    const twin = url === null ? undefined : byUrl.get(url);
    // One repository, one writer: the claim is by registry name, so one registry must not have two.
    if (twin !== undefined) {
      const message = `is the address of registries.${twin} too; a registry has one name`;
      sources.faults.push({ path: `registries.${text}.url`, message });
    }
    if (url !== null) byUrl.set(url, text);
    registries.set(name.data, options);
    const storage = entry.data.storage === undefined ? null : resolve(entry.data.storage.filesystem);
    const owner = storage === null ? undefined : byStorage.get(storage);
    if (storage !== null && owner !== undefined) {
      // One storage, one collector: its claim is by registry name as well.
      const message = `is the storage of registries.${owner} too; collect it under one name`;
      sources.faults.push({ path: `registries.${text}.storage.filesystem`, message });
    }
    if (storage !== null) byStorage.set(storage, text);
    if (entry.data.collection === undefined) continue;
    const { faults } = sources;
    collections.set(name.data, collectionOptionsOf(name.data, entry.data.collection, storage, faults));
  }
  return { registries, collections };
};
