import { describe, expect, it } from 'vitest';
import { createLogger, nestLogger } from './logger.js';

const capture = () => {
  const lines: string[] = [];
  const logger = createLogger('debug', { destination: { write: (line: string) => void lines.push(line) } });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
};

describe('the log', () => {
  it('is one JSON line an event, with its ids as fields', () => {
    const { logger, lines, last } = capture();
    logger.child({ deletion: 'D1' }).info({ registry: 'prod' }, 'planned');
    expect(lines).toHaveLength(1);
    expect(last()).toMatchObject({ level: 'info', deletion: 'D1', registry: 'prod', msg: 'planned' });
    expect(last()['time']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it('never holds a secret, whatever its depth and wherever it is written', () => {
    const { logger, lines } = capture();
    const secret = 'hunter2hunter2';
    logger.info({ password: secret, a: { b: [{ c: { headers: { Authorization: secret } } }] } });
    logger.info({ upstreamPassword: secret, 'x-api-key': secret, key: secret, clientSecret: secret });
    logger.info({ url: `https://me:${secret}@registry.internal/v2/` }, `Bearer ${secret} to sxt_${secret}`);
    logger.warn(`postgres://sexton:${secret}@db/sexton does not answer`);
    logger.child({ token: secret }).info('bound');
    logger.error(
      {
        err: Object.assign(
          new Error(`GET https://me:${secret}@r/`, { cause: new Error(`Basic ${secret}`) }),
          {
            config: { auth: secret },
          },
        ),
      },
      'failed',
    );
    nestLogger(logger).error({ msg: 'x', password: secret });
    expect(lines).toHaveLength(7);
    for (const line of lines) expect(line).not.toContain(secret);
  });

  it('keeps what only looks like a secret', () => {
    const { logger, last } = capture();
    logger.info({
      keyId: 'key_1',
      tokenRealms: ['https://auth'],
      tags: ['v1'],
      password: null,
      digest: 'sha256:ab',
    });
    expect(last()).toMatchObject({
      keyId: 'key_1',
      tokenRealms: ['https://auth'],
      tags: ['v1'],
      password: null,
      digest: 'sha256:ab',
    });
  });

  it('tells errors with their code, stack and cause', () => {
    const { logger, last } = capture();
    logger.error(new Error('outer', { cause: Object.assign(new Error('inner'), { code: 'ECONNREFUSED' }) }));
    expect(last()).toMatchObject({
      msg: 'outer',
      err: { type: 'Error', message: 'outer', cause: { code: 'ECONNREFUSED', message: 'inner' } },
    });
  });

  it('takes what Nest says', () => {
    const { logger, last } = capture();
    nestLogger(logger).error('it broke', 'Error: it broke\n at x', 'Router');
    expect(last()).toMatchObject({
      level: 'error',
      msg: 'it broke',
      stack: 'Error: it broke\n at x',
      context: 'Router',
    });
    nestLogger(logger).log('started', 'Nest');
    expect(last()).toMatchObject({ level: 'debug', msg: 'started', context: 'Nest' });
  });
});
