import { X509Certificate } from 'node:crypto';

/** A file's text; throws what `readFileSync` throws. */
export type ReadFile = (path: string) => string;

type Fail = (message: string) => void;

/** A file's text, or null after saying why not. */
export const readOr = (readFile: ReadFile, path: string, fail: Fail): string | null => {
  try {
    return readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    fail(`the file ${path} cannot be read${code}`);
    return null;
  }
};

/**
 * The password in a file, without the byte order mark that some editors put before it, and the newline that they and
 * `echo` leave at its end. What no password can be is said here: the registry would only say that it is wrong.
 */
export const readPassword = (readFile: ReadFile, path: string, fail: Fail): string | null => {
  const text = readOr(readFile, path, fail);
  if (text === null) return null;
  const password = text.replace(/^\uFEFF/, '').replace(/\r?\n$/, '');
  const fault = faultOfPassword(password);
  if (fault !== null) fail(`the file ${path} ${fault}`);
  return fault === null ? password : null;
};

const faultOfPassword = (password: string): string | null => {
  if (password === '') return 'is empty';
  if (/[\0\uFFFD]/.test(password)) return 'is not text in UTF-8';
  return /[\r\n]/.test(password) ? 'holds more than one line' : null;
};

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** PEM certificates in a file. Node ignores a CA that it cannot read and then trusts nobody, without saying why. */
export const readAuthorities = (readFile: ReadFile, path: string, fail: Fail): string | null => {
  const pem = readOr(readFile, path, fail);
  if (pem === null) return null;
  const certificates = pem.match(CERTIFICATE) ?? [];
  if (certificates.length > 0 && certificates.every(isCertificate)) return pem;
  fail(`the file ${path} holds no certificates in PEM form, or one that cannot be read`);
  return null;
};

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.byteLength > 0;
  } catch {
    return false;
  }
};
