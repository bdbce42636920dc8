import { createPrivateKey, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { ForwardOptions, SyslogOptions } from '../audit/audit-options.js';
import type { EntrySources } from './registry-entry.js';
import { readAuthorities, readOr } from './secret-files.js';

const file = z.string().min(1);

const name = z
  .string()
  .regex(/^[a-z0-9-]{1,63}$/, 'must be lower-case letters, digits and "-", at most 63')
  .optional()
  .describe('Names how far it was brought; default: host:port, or the path. Another name begins anew.');

const syslogSchema = z.strictObject({
  type: z.literal('syslog').describe('syslog over TLS (RFC 5425), or file.'),
  name,
  host: z.string().regex(/^[^\s/]+$/, 'must be a host name or an address'),
  port: z.int().min(1).max(65_535).default(6514),
  tls: z
    .strictObject({
      caFile: file.optional().describe('PEM of the authorities to trust.'),
      certFile: file
        .optional()
        .describe('PEM of our own certificate, with keyFile, where the collector asks for one.'),
      keyFile: file.optional().describe('PEM of its private key.'),
      serverName: z
        .string()
        .min(1)
        .optional()
        .describe("What the collector's certificate must name; default: host."),
    })
    .refine((tls) => (tls.certFile === undefined) === (tls.keyFile === undefined), {
      error: 'needs both certFile and keyFile, or none',
    })
    .prefault({}),
  maxMessageBytes: z
    .int()
    .min(2_048)
    .max(1_048_576)
    .default(8_192)
    .describe('Longer messages are shortened; what a collector must take is 2048, what it should take 8192.'),
});

const fileSchema = z.strictObject({
  type: z.literal('file'),
  name,
  path: file.describe('NDJSON is appended to it.'),
});

type ForwardEntry = z.infer<typeof forwardSchema>[number];

/** Where the audit log is forwarded to. */
export const forwardSchema = z
  .array(z.discriminatedUnion('type', [syslogSchema, fileSchema]))
  .max(4)
  .refine((entries) => new Set(entries.map(nameOf)).size === entries.length, {
    error: 'two of them have the same name',
  })
  .refine((entries) => new Set(pathsOf(entries)).size === pathsOf(entries).length, {
    error: 'two of them write the same file, in which each event would stand twice',
  })
  .default([])
  .describe('Each gets every event at least once, in order, from the beginning.');

const nameOf = (entry: z.infer<typeof syslogSchema> | z.infer<typeof fileSchema>): string =>
  entry.name ?? (entry.type === 'file' ? entry.path : `${entry.host}:${entry.port}`);

const pathsOf = (entries: readonly (z.infer<typeof syslogSchema> | z.infer<typeof fileSchema>)[]): string[] =>
  entries.flatMap((entry) => (entry.type === 'file' ? [resolve(entry.path)] : []));

/** What one destination needs, with the files that it names. */
export const forwardOptionsOf = (entry: ForwardEntry, at: string, sources: EntrySources): ForwardOptions => {
  if (entry.type === 'file') return { type: 'file', name: nameOf(entry), path: entry.path };
  const { host, port, tls, maxMessageBytes } = entry;
  const fail = (key: string) => (message: string) =>
    void sources.faults.push({ path: `${at}.${key}`, message });
  return {
    type: 'syslog',
    name: nameOf(entry),
    host,
    port,
    ca: tls.caFile === undefined ? null : readAuthorities(sources.readFile, tls.caFile, fail('tls.caFile')),
    client: clientOf(tls.certFile, tls.keyFile, sources, fail),
    serverName: tls.serverName ?? null,
    maxMessageBytes,
  };
};

const clientOf = (
  certFile: string | undefined,
  keyFile: string | undefined,
  { readFile }: EntrySources,
  fail: (key: string) => (message: string) => void,
): SyslogOptions['client'] => {
  if (certFile === undefined || keyFile === undefined) return null;
  const cert = readAuthorities(readFile, certFile, fail('tls.certFile'));
  const key = readOr(readFile, keyFile, fail('tls.keyFile'));
  if (cert === null || key === null) return null;
  try {
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return { cert, key };
    fail('tls.keyFile')(`the key in ${keyFile} is not that of the certificate in ${certFile}`);
  } catch {
    fail('tls.keyFile')(`the file ${keyFile} does not hold a private key in PEM form`);
  }
  return null;
};
