import { describe, expect, it } from 'vitest';
import { parseRedisUrl } from './redis-url.js';

describe('the address of Redis', () => {
  it.each([
    ['redis://:secret@redis:6379/2', { kind: 'single' }],
    [
      'redis+sentinel://sexton:p%40ss@one:26379,two/mymaster/3',
      {
        kind: 'sentinel',
        hosts: [
          { host: 'one', port: 26379 },
          { host: 'two', port: 26379 },
        ],
        name: 'mymaster',
        database: 3,
        username: 'sexton',
        password: 'p@ss',
        tls: false,
      },
    ],
    [
      'rediss+cluster://:secret@10.0.0.1:7000,[::1]:7001',
      {
        kind: 'cluster',
        hosts: [
          { host: '10.0.0.1', port: 7000 },
          { host: '::1', port: 7001 },
        ],
        name: '',
        database: 0,
        username: null,
        password: 'secret',
        tls: true,
      },
    ],
  ])('%s is read', (text, place) => {
    expect(parseRedisUrl(text)).toMatchObject(place);
  });

  it.each([
    'http://redis',
    'redis+sentinel://one,two',
    'redis+sentinel://one,/mymaster',
    'redis+sentinel://one/mymaster/x',
    'redis+sentinel://one/mymaster/0/more',
    'redis+cluster://one/database',
    'redis+cluster://a b',
    'redis+cluster://user@one',
    'redis+cluster://u:%zz@one',
    'redis+other://one',
  ])('%s is refused', (text) => {
    expect(parseRedisUrl(text)).toBeNull();
  });
});
