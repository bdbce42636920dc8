import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withoutKeys } from '../without-keys.js';
import { readConnection } from './connection.js';

const home = mkdtempSync(join(tmpdir(), 'connection-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const KEY = 'sxt_0123456789abcdef0123456789abcdef';
const URL_ = 'https://sexton.internal';

const messageOf = (env: Record<string, string>): string => {
  try {
    readConnection(env);
    return '';
  } catch (error) {
    return String(error);
  }
};

describe('the environment', () => {
  it('gives the address without its last slash, and the key', () => {
    expect(readConnection({ SEXTON_URL: `${URL_}/under/`, SEXTON_KEY: KEY })).toEqual({
      url: `${URL_}/under`,
      key: KEY,
    });
  });

  it('gives the key of a file, without the line feed after it', () => {
    const file = join(home, 'key');
    writeFileSync(file, `${KEY}\n`);
    expect(readConnection({ SEXTON_URL: URL_, SEXTON_KEY_FILE: file }).key).toBe(KEY);
  });

  it.each([
    ['no address', { SEXTON_KEY: KEY }],
    ['no key', { SEXTON_URL: URL_ }],
    ['both a key and a file', { SEXTON_URL: URL_, SEXTON_KEY: KEY, SEXTON_KEY_FILE: '/nowhere' }],
    ['a file that is not there', { SEXTON_URL: URL_, SEXTON_KEY_FILE: '/nowhere' }],
    ['another protocol', { SEXTON_URL: 'ftp://x', SEXTON_KEY: KEY }],
    ['a password in the address', { SEXTON_URL: `https://me:${KEY}@x`, SEXTON_KEY: KEY }],
    ['a query in the address', { SEXTON_URL: `https://x?key=${KEY}`, SEXTON_KEY: KEY }],
    ['a key of two lines', { SEXTON_URL: URL_, SEXTON_KEY: `${KEY}\n${KEY}` }],
  ])('is refused, and shows no key: %s', (_what, env) => {
    const message = messageOf(env);
    expect(message).toMatch(/SEXTON_(URL|KEY)/);
    expect(message).not.toContain(KEY);
  });
});

describe('what is printed of an error', () => {
  it('has no key, and not the token in use', () => {
    const token = 'eyJhbGciOi.J9.x-y';
    expect(withoutKeys(`unknown option '--key=${KEY}', not ${token}`, { SEXTON_KEY: token })).toBe(
      "unknown option '--key=sxt_…', not …",
    );
  });
});
