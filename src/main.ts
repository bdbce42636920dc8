import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError } from './config/config.js';
import { loadConfig } from './config/load-config.js';
import { startGateway, type Role } from './gateway.js';
import { openRuntime } from './runtime.js';
import { createLogger } from './telemetry/logger.js';
import { openTracing } from './telemetry/tracing/open-tracing.js';

const USAGE = `Usage: npm start -- [--role all|api|worker]

Runs the Sexton gateway. SEXTON_CONFIG names the configuration file; see README.md.`;

const ROLES: readonly string[] = ['all', 'api', 'worker'];
const isRole = (text: string): text is Role => ROLES.includes(text);

const readOptions = () => {
  try {
    return parseArgs({ options: { role: { type: 'string' }, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ConfigError([{ path: 'the command line', message: `${message} (--help shows the options)` }]);
  }
};

/** The role asked for, or null after the usage was printed. */
const readRole = (): Role | null => {
  const values = readOptions();
  const role = values.role ?? 'all';
  if (values.help) process.stdout.write(`${USAGE}\n`);
  else if (isRole(role)) return role;
  else throw new ConfigError([{ path: '--role', message: `must be one of ${ROLES.join(', ')}` }]);
  return null;
};

const showAdminKey = (secret: string): void => {
  process.stderr.write(`\nThe first admin key, shown this once: ${secret}\n\n`);
};

const main = async (): Promise<void> => {
  const role = readRole();
  if (role === null) return;
  const config = loadConfig(process.env, (path) => readFileSync(path, 'utf8'));
  const tracing = await openTracing(process.env, (error) =>
    log.warn({ err: error }, 'traces could not be sent'),
  );
  const log = createLogger(config.logLevel, { fields: () => tracing.logFields() });
  const runtime = await openRuntime(config, log, Date.now, tracing);
  const gateway = await startGateway(runtime, role, showAdminKey).catch(async (error: unknown) => {
    // A port in use, say: the embedded PostgreSQL must not outlive this process.
    await runtime.close().catch(() => undefined);
    throw error;
  });
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping: finishing what is being deleted');
    gateway.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'could not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
};

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : 'Sexton could not start'}\n`);
  process.exit(error instanceof ConfigError ? 78 : 1);
});
