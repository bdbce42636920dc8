import type { LoggerService } from '@nestjs/common';
import { pino, type Logger as PinoLogger } from 'pino';

/** Nest token of the one `Logger`. */
export const LOGGER = Symbol('LOGGER');

export type Logger = PinoLogger;

/** Fields whose value is never written, whoever logs them. */
const SECRET_FIELDS = [
  'authorization',
  'password',
  'secret',
  'token',
  'key',
  'apiKey',
  'databaseUrl',
  'redisUrl',
];

/** JSON lines on standard output, one event each. */
export const createLogger = (level: string): Logger =>
  pino({
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: '[secret]',
    },
  });

/** Nest's own messages, in the same lines; its start-up chatter is for those who debug. */
export const nestLogger = (logger: Logger): LoggerService => {
  const about = (context: unknown[]): object => {
    const last = context.at(-1);
    return typeof last === 'string' ? { context: last } : {};
  };
  return {
    log: (message: unknown, ...context: unknown[]) => logger.debug(about(context), String(message)),
    debug: (message: unknown, ...context: unknown[]) => logger.debug(about(context), String(message)),
    verbose: (message: unknown, ...context: unknown[]) => logger.trace(about(context), String(message)),
    warn: (message: unknown, ...context: unknown[]) => logger.warn(about(context), String(message)),
    error: (message: unknown, ...context: unknown[]) => logger.error(about(context), String(message)),
    fatal: (message: unknown, ...context: unknown[]) => logger.fatal(about(context), String(message)),
  };
};
