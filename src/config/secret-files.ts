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

/** The password in a file, without the newline that editors and `echo` leave at its end. */
export const readPassword = (readFile: ReadFile, path: string, fail: Fail): string | null => {
  const password = readOr(readFile, path, fail)?.replace(/\r?\n$/, '') ?? null;
  if (password === '') fail(`the file ${path} is empty`);
  return password === '' ? null : password;
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
