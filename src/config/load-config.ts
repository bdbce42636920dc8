import { parseDocument } from 'yaml';
import { z } from 'zod';
import { API_KEY_PATTERN } from '../identity/api-key.js';
import { parseRegistryName, type RegistryName } from '../oci/names.js';
import type { RegistryOptions } from '../registries/registry-options.js';
import { configFileSchema, urlOrNull, type ConfigFile, type RegistryEntry } from './config-file.schema.js';
import { ConfigError, LOG_LEVELS, type Config, type ConfigFault } from './config.js';
import { parseDuration } from './duration.js';

type Env = Readonly<Record<string, string | undefined>>;
type ReadFile = (path: string) => string;

const EXAMPLE = `Set SEXTON_CONFIG to the path of a file such as

  registries:
    prod:
      type: distribution
      url: https://registry.internal:5000
      credentials: { username: sexton, passwordFile: /run/secrets/registry }
`;

const isUrlOf = (protocols: readonly string[]) => (text: string) =>
  protocols.includes(urlOrNull(text)?.protocol ?? '');

const environmentSchema = z.object({
  PORT: z.coerce.number({ error: 'must be a port, 0 to 65535' }).int().min(0).max(65535).default(8080),
  HOST: z.string().min(1).default('0.0.0.0'),
  SEXTON_CONFIG: z.string().min(1).optional(),
  SEXTON_DATA_DIR: z.string().min(1).default('.sexton'),
  SEXTON_ADMIN_KEY: z
    .string()
    .regex(API_KEY_PATTERN, 'must be sxt_ and 32 to 128 of letters, digits, "_" and "-"')
    .optional(),
  DATABASE_URL: z
    .string()
    .refine(isUrlOf(['postgres:', 'postgresql:']), { error: 'must be a postgres:// URL' })
    .optional(),
  REDIS_URL: z
    .string()
    .refine(isUrlOf(['redis:', 'rediss:']), { error: 'must be a redis:// or rediss:// URL' })
    .optional(),
  SEXTON_LOG_LEVEL: z.enum(LOG_LEVELS).optional(),
});

/**
 * The whole configuration, from the environment and the file that `SEXTON_CONFIG` names. `readFile` returns a file's
 * text or throws. Throws one `ConfigError` with every fault: Sexton does not start half-configured.
 */
export const loadConfig = (env: Env, readFile: ReadFile): Config => {
  const faults: ConfigFault[] = [];
  const set = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const environment = environmentSchema.safeParse(set);
  if (!environment.success) faults.push(...faultsOf(environment.error));
  const file = readConfigFile(set['SEXTON_CONFIG'], readFile, faults);
  const registries = file
    ? registriesOf(file, set, readFile, faults)
    : new Map<RegistryName, RegistryOptions>();
  if (!environment.success || !file || faults.length > 0) throw new ConfigError(faults);
  const { data } = environment;
  return {
    http: { host: data.HOST, port: data.PORT },
    dataDir: data.SEXTON_DATA_DIR,
    adminKey: data.SEXTON_ADMIN_KEY ?? null,
    databaseUrl: data.DATABASE_URL ?? null,
    redisUrl: data.REDIS_URL ?? null,
    logLevel: data.SEXTON_LOG_LEVEL ?? file.log.level,
    registries,
    execution: {
      planAttempts: file.execution.attempts,
      targetAttempts: file.execution.attempts,
      retryBaseMs: ms(file.execution.retryBase),
      retryMaxMs: ms(file.execution.retryMax),
      reconcileEveryMs: ms(file.execution.reconcileEvery),
    },
  };
};

const readConfigFile = (
  path: string | undefined,
  readFile: ReadFile,
  faults: ConfigFault[],
): ConfigFile | null => {
  const fail = (message: string): null => {
    faults.push({ path: 'SEXTON_CONFIG', message });
    return null;
  };
  if (path === undefined) return fail(`names no file. ${EXAMPLE}`);
  let text: string;
  try {
    text = readFile(path);
  } catch {
    return fail(`the file ${path} cannot be read`);
  }
  const document = parseDocument(text);
  const [broken] = document.errors;
  if (broken) return fail(`${path} is not YAML: ${broken.message.split('\n')[0] ?? 'syntax error'}`);
  const parsed = configFileSchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  faults.push(...faultsOf(parsed.error));
  return null;
};

const registriesOf = (
  file: ConfigFile,
  env: Env,
  readFile: ReadFile,
  faults: ConfigFault[],
): Map<RegistryName, RegistryOptions> => {
  const read = (path: string, where: string): string => {
    try {
      return readFile(path);
    } catch {
      faults.push({ path: where, message: `the file ${path} cannot be read` });
      return '';
    }
  };
  return new Map(
    Object.entries(file.registries).map(([text, entry]) => {
      const at = `registries.${text}`;
      const name = parseRegistryName(text);
      const { credentials, tls, timeouts, retries } = entry;
      return [
        name,
        {
          name,
          type: entry.type,
          url: entry.url.replace(/\/+$/, ''),
          credentials: credentials
            ? { username: credentials.username, password: passwordOf(credentials, env, read, at, faults) }
            : null,
          tlsCa: tls ? read(tls.caFile, `${at}.tls.caFile`) : null,
          tokenRealms: entry.tokenRealms.map((realm) => new URL(realm).origin),
          maxConcurrentRepositories: entry.maxConcurrentRepositories,
          connectTimeoutMs: ms(timeouts.connect),
          requestTimeoutMs: ms(timeouts.request),
          attempts: retries.attempts,
          retryBaseMs: ms(retries.base),
          retryMaxMs: ms(retries.max),
        },
      ];
    }),
  );
};

const passwordOf = (
  credentials: NonNullable<RegistryEntry['credentials']>,
  env: Env,
  read: (path: string, where: string) => string,
  at: string,
  faults: ConfigFault[],
): string => {
  const { passwordEnv, passwordFile } = credentials;
  if (passwordFile !== undefined) {
    const password = read(passwordFile, `${at}.credentials.passwordFile`).replace(/\r?\n$/, '');
    return password;
  }
  const password = passwordEnv === undefined ? undefined : env[passwordEnv];
  if (password === undefined) {
    const message = `the environment variable ${passwordEnv ?? ''} is not set`;
    faults.push({ path: `${at}.credentials.passwordEnv`, message });
  }
  return password ?? '';
};

const faultsOf = (error: z.ZodError): ConfigFault[] =>
  error.issues.flatMap((issue) => {
    const path = issue.path.map(String).join('.') || 'sexton.yaml';
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({
      path: issue.path.length > 0 ? `${path}.${key}` : key,
      message: `is not known here; allowed: ${allowedAt(issue.path).join(', ')}`,
    }));
  });

/** The keys that the schema knows at a path of sexton.yaml. */
const allowedAt = (path: readonly PropertyKey[]): string[] => {
  let schema: unknown = z.toJSONSchema(configFileSchema, { io: 'input', unrepresentable: 'any' });
  for (const part of path) {
    const at = z
      .object({ properties: z.record(z.string(), z.unknown()).optional(), additionalProperties: z.unknown() })
      .safeParse(schema);
    schema = at.data?.properties?.[String(part)] ?? at.data?.additionalProperties;
  }
  const found = z.object({ properties: z.record(z.string(), z.unknown()) }).safeParse(schema);
  return found.success ? Object.keys(found.data.properties) : [];
};

const ms = (duration: string): number => parseDuration(duration) ?? 0;
