import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeCertificate } from '../../tools/certificate.js';
import { aSigningKeyPem } from '../../test/support/audit.js';
import { readSigningKey } from '../audit/signing-key.js';
import { ConfigError, type Config } from './config.js';
import { loadConfig } from './load-config.js';

const { cert, key } = await makeCertificate('collector');
const other = await makeCertificate('other');
const signing = aSigningKeyPem();
const publicOf = (pem: string) =>
  readSigningKey(pem)!.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

const FILES: Record<string, string> = {
  '/signing.pem': signing,
  '/public.pem': publicOf(signing),
  '/rsa.pem': rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  '/cert.pem': cert,
  '/key.pem': key,
  '/other.pem': other.key,
};

const load = (audit: string): Config =>
  loadConfig({ SEXTON_CONFIG: '/c' }, (path) => {
    if (path === '/c') return `registries: { r: { type: distribution, url: "http://r" } }\naudit: ${audit}`;
    const text = FILES[path];
    if (text === undefined) throw Object.assign(new Error('no'), { code: 'ENOENT' });
    return text;
  });

const faultsOf = (audit: string): string => {
  try {
    load(audit);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('the configuration of the audit log', () => {
  it('reads keys and destinations, and names each by its address where it has no name', () => {
    const { audit } = load(`
      { signingKeyFile: /signing.pem, formerKeyFiles: [/public.pem], checkpoints: { events: 5, every: 1m },
        forward: [ { type: syslog, host: siem.internal, tls: { caFile: /cert.pem, certFile: /cert.pem, keyFile: /key.pem } },
                   { type: file, path: /log/audit.ndjson }, { type: file, name: second, path: /log/2 } ] }`);
    expect(audit).toMatchObject({
      signingKey: { id: readSigningKey(signing)?.id },
      formerKeys: [{ id: readSigningKey(signing)?.id }],
      checkpointEvents: 5,
      checkpointMs: 60_000,
      forward: [
        {
          type: 'syslog',
          name: 'siem.internal:6514',
          port: 6514,
          ca: cert,
          client: { cert, key },
          serverName: null,
        },
        { type: 'file', name: '/log/audit.ndjson' },
        { type: 'file', name: 'second', path: '/log/2' },
      ],
    });
  });

  it.each([
    ['{ signingKeyFile: /nothing }', 'audit.signingKeyFile: the file /nothing cannot be read (ENOENT)'],
    [
      '{ signingKeyFile: /rsa.pem }',
      'audit.signingKeyFile: the file /rsa.pem does not hold an Ed25519 private key',
    ],
    ['{ signingKeyFile: /public.pem }', 'does not hold an Ed25519 private key'],
    [
      '{ formerKeyFiles: [/signing.pem] }',
      'audit.formerKeyFiles.0: the file /signing.pem does not hold an Ed25519 public key',
    ],
    ['{ checkpoints: { events: 0 } }', 'audit.checkpoints.events'],
    ['{ forward: [{ type: udp }] }', 'audit.forward.0.type'],
    ['{ forward: [{ type: syslog, host: "a/b" }] }', 'audit.forward.0.host: must be a host name'],
    [
      '{ forward: [{ type: file, path: /a }, { type: file, path: /a }] }',
      'audit.forward: two of them have the same name',
    ],
    [
      '{ forward: [{ type: file, path: /a/b }, { type: file, path: /a/./b, name: other }] }',
      'audit.forward: two of them write the same file',
    ],
    [
      '{ forward: [{ type: syslog, host: a, tls: { certFile: /cert.pem } }] }',
      'audit.forward.0.tls: needs both',
    ],
    [
      '{ forward: [{ type: syslog, host: a, tls: { caFile: /key.pem } }] }',
      'audit.forward.0.tls.caFile: the file /key.pem holds no certificates',
    ],
    [
      '{ forward: [{ type: syslog, host: a, tls: { certFile: /cert.pem, keyFile: /other.pem } }] }',
      'is not that of the certificate',
    ],
    [
      '{ forward: [{ type: syslog, host: a, tls: { certFile: /cert.pem, keyFile: /cert.pem } }] }',
      'does not hold a private key',
    ],
  ])('refuses %s', (audit, expected) => {
    const faults = faultsOf(audit);
    expect(faults).toContain(expected);
    expect(faults).not.toContain('BEGIN');
  });
});
