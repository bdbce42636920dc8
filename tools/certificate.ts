import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A self-signed certificate for 127.0.0.1 and localhost, as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;

/** Makes a key (P-256) and a certificate that is its own authority; needs no openssl. */
export const makeCertificate = async (commonName: string): Promise<Certificate> => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    // Yesterday, so that a registry whose clock is a little behind trusts it as well.
    notBeforeDate: new Date(Date.now() - DAY_MS),
    notAfterDate: new Date(Date.now() + 30 * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return { cert, key };
};

/** Makes a certificate and writes it below `directory`, for servers that want files. */
export const writeCertificate = async (
  directory: string,
  commonName = 'localhost',
): Promise<Certificate & { readonly certFile: string; readonly keyFile: string }> => {
  const { cert, key } = await makeCertificate(commonName);
  const certFile = join(directory, 'server.crt');
  // Not server.key: in a directory of certificates, clients take that name for a client's key.
  const keyFile = join(directory, 'private.pem');
  await mkdir(directory, { recursive: true });
  await writeFile(certFile, cert);
  await writeFile(keyFile, key, { mode: 0o600 });
  return { cert, key, certFile, keyFile };
};
