import { z } from 'zod';
import type { AuditOptions } from '../audit/audit-options.js';
import { readSigningKey, readVerifyingKey, type VerifyingKey } from '../audit/signing-key.js';
import { forwardOptionsOf, forwardSchema } from './audit-forward.js';
import { durationOfAtLeast, parseDuration } from './duration.js';
import type { EntrySources } from './registry-entry.js';
import { readOr } from './secret-files.js';

/** What sexton.yaml says about the audit log. */
export const auditSchema = z.strictObject({
  signingKeyFile: z
    .string()
    .min(1)
    .optional()
    .describe('PEM of an Ed25519 private key that checkpoints are signed with; without it there are none.'),
  formerKeyFiles: z
    .array(z.string().min(1))
    .default([])
    .describe('PEM of the public keys of earlier signing keys, so that their checkpoints hold.'),
  checkpoints: z
    .strictObject({
      events: z.int().min(1).max(5_000).default(1_000).describe('A checkpoint after so many events,'),
      every: durationOfAtLeast(1_000).default('10m').describe('or so long after the first unsigned one.'),
    })
    .prefault({}),
  forward: forwardSchema,
});

/** What the audit log needs of its section, with the files that it names. */
export const auditOptionsOf = (
  { signingKeyFile, formerKeyFiles, checkpoints, forward }: z.infer<typeof auditSchema>,
  sources: EntrySources,
): AuditOptions => {
  const { readFile, faults } = sources;
  const fail = (at: string) => (message: string) => void faults.push({ path: `audit.${at}`, message });
  const read = <T>(path: string, at: string, parse: (pem: string) => T | null, what: string): T | null => {
    const pem = readOr(readFile, path, fail(at));
    if (pem === null) return null;
    const key = parse(pem);
    if (key === null) fail(at)(`the file ${path} does not hold an Ed25519 ${what} key in PEM form`);
    return key;
  };
  return {
    signingKey:
      signingKeyFile === undefined ? null : read(signingKeyFile, 'signingKeyFile', readSigningKey, 'private'),
    formerKeys: formerKeyFiles
      .map((path, i) => read(path, `formerKeyFiles.${i}`, readVerifyingKey, 'public'))
      .filter((key): key is VerifyingKey => key !== null),
    checkpointEvents: checkpoints.events,
    checkpointMs: parseDuration(checkpoints.every) ?? 0,
    forward: forward.map((entry, i) => forwardOptionsOf(entry, `audit.forward.${i}`, sources)),
  };
};
