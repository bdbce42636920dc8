/** What an `Authorization` header carries, if it is one of the two forms that Sexton knows. */
const LONGEST_HEADER = 4096;
/** Tokens list groups and grow; one of more characters is refused before anything is done with it. */
const LONGEST_TOKEN = 8192;
const BEARER = /^bearer +([\x21-\x7e]+)$/i;
const TOKEN = /^bearer +([\w-]+\.[\w-]+\.[\w-]*)$/i;
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

/** The key in the header: a Bearer token, or the password of Basic, whatever its user name. Null when there is none. */
export const keyInHeader = (header: string | undefined): string | null => {
  if (header === undefined || header.length > LONGEST_HEADER) return null;
  const token = BEARER.exec(header)?.[1];
  if (token !== undefined) return token;
  const pair = BASIC.exec(header)?.[1];
  if (pair === undefined) return null;
  const text = Buffer.from(pair, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? null : text.slice(colon + 1);
};

/** The JWT in the header, a Bearer token of three parts; null when there is none, or one that is too long. */
export const tokenInHeader = (header: string | undefined): string | null =>
  header === undefined || header.length > LONGEST_TOKEN ? null : (TOKEN.exec(header)?.[1] ?? null);
