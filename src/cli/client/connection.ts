import { readFileSync } from 'node:fs';
import { CommandError } from '../exit-codes.js';

export interface Connection {
  /** Without a slash at its end. */
  readonly url: string;
  readonly key: string;
}

/** What a header can carry; checked here because the error of an HTTP library would quote it. */
const HEADER_SAFE = /^[\x21-\x7e]{1,16384}$/;

/** Where Sexton is and who asks, from the environment: an argument would be seen by everybody in `ps`. */
export const readConnection = (env: NodeJS.ProcessEnv): Connection => ({
  url: readUrl(env['SEXTON_URL']),
  key: readKey(env['SEXTON_KEY'], env['SEXTON_KEY_FILE']),
});

const readUrl = (text: string | undefined): string => {
  if (!text)
    throw new CommandError('SEXTON_URL is not set: the address of Sexton, such as https://sexton.internal');
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new CommandError('SEXTON_URL must be an address that begins with http:// or https://');
  }
  if (url.username !== '' || url.password !== '') {
    throw new CommandError(
      'SEXTON_URL must not hold a user name or password; the key belongs into SEXTON_KEY',
    );
  }
  if (url.search !== '' || url.hash !== '') {
    throw new CommandError('SEXTON_URL must end with its path, without ? and #');
  }
  return url.href.replace(/\/+$/, '');
};

const readKey = (key: string | undefined, file: string | undefined): string => {
  if (key && file) throw new CommandError('SEXTON_KEY and SEXTON_KEY_FILE are both set; leave one of them');
  if (!key && !file) {
    throw new CommandError(
      'No credential: set SEXTON_KEY to an API key, or SEXTON_KEY_FILE to a file that holds one',
    );
  }
  const from = file ? `SEXTON_KEY_FILE (${file})` : 'SEXTON_KEY';
  const text = (file ? readKeyFile(file) : (key ?? '')).trim();
  if (!HEADER_SAFE.test(text))
    throw new CommandError(`${from} does not hold a key: one line of visible characters`);
  return text;
};

const readKeyFile = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new CommandError(`SEXTON_KEY_FILE: ${path} cannot be read${code}`);
  }
};
