import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import { describeError, redact } from './redaction.js';

/** Nest token of the one `Logger`. */
export const LOGGER = Symbol('LOGGER');

/**
 * Ids are fields, under these names: `request`, `deletion`, `registry`, `repository`, and `trace` of the span at work. Bind those that stay the same:
 * `logger.child({ deletion: id })`.
 */
export type Logger = PinoLogger;

/**
 * JSON lines on standard output (or `destination`), one event each. Secrets are taken out of the finished line, so that
 * neither a child's bindings nor a message nor an error's cause can carry one past.
 */
export const createLogger = (
  level: string,
  {
    destination,
    fields,
  }: {
    readonly destination?: DestinationStream;
    /** What every line says beside its own, asked when it is written. */
    readonly fields?: () => object;
  } = {},
): Logger => {
  const options = {
    level,
    base: null,
    ...(fields && { mixin: fields }),
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
    hooks: { streamWrite: (line: string) => `${JSON.stringify(redact(JSON.parse(line)))}\n` },
  };
  return destination ? pino(options, destination) : pino(options);
};

/** Nest's own messages, in the same lines; its start-up chatter is for those who debug. */
export const nestLogger = (logger: Logger): LoggerService => ({
  log: (message: unknown, ...rest: unknown[]) => logger.debug(...nestLine(message, rest)),
  debug: (message: unknown, ...rest: unknown[]) => logger.debug(...nestLine(message, rest)),
  verbose: (message: unknown, ...rest: unknown[]) => logger.trace(...nestLine(message, rest)),
  warn: (message: unknown, ...rest: unknown[]) => logger.warn(...nestLine(message, rest)),
  error: (message: unknown, ...rest: unknown[]) => logger.error(...nestLine(message, rest)),
  fatal: (message: unknown, ...rest: unknown[]) => logger.fatal(...nestLine(message, rest)),
});

/** Nest calls `(message, context)`, and for errors `(message, stack, context)`. */
const nestLine = (message: unknown, rest: readonly unknown[]): [object, string] => {
  const context = rest.at(-1);
  const stack = rest.length > 1 ? rest[0] : undefined;
  const fields = {
    ...(typeof context === 'string' ? { context } : {}),
    ...(typeof stack === 'string' ? { stack } : {}),
  };
  if (message instanceof Error) return [{ ...fields, err: message }, message.message];
  if (typeof message === 'object' && message !== null) return [{ ...fields, ...message }, ''];
  return [fields, String(message)];
};
