import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MANIFESTS = join(ROOT, 'deploy/kubernetes');

const headSchema = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });

/** Throws where Kubernetes' own schema of that kind is not met. */
const validate = (document: unknown): void => {
  const { kind } = headSchema.parse(document);
  // What a model's constructor takes is what its validation then looks at.
  const given = document as never;
  switch (kind) {
    case 'Deployment':
      return new Deployment(given).validate();
    case 'PodDisruptionBudget':
      return new PodDisruptionBudget(given).validate();
    case 'ConfigMap':
      return new ConfigMap(given).validate();
    case 'Secret':
      return new Secret(given).validate();
    case 'Service':
      return new Service(given).validate();
    default:
      throw new Error(`no schema for a ${kind}`);
  }
};

const documents = readdirSync(MANIFESTS).flatMap((file) =>
  parseAllDocuments(readFileSync(join(MANIFESTS, file), 'utf8')).map((document) => {
    const json: unknown = document.toJS();
    const { kind, metadata } = headSchema.parse(json);
    return [`${file}: ${kind} ${metadata.name}`, json] as const;
  }),
);

describe('the manifests for Kubernetes', () => {
  it.each(documents)('%s is as its schema says', (_, document) => {
    expect(() => validate(document)).not.toThrow();
  });

  it('would not pass with a mistake in them', () => {
    const [, deployment] = documents.find(([name]) => name.includes('Deployment')) ?? [];
    const broken = structuredClone(deployment) as { spec: { replicas: unknown } };
    broken.spec.replicas = 'two';
    expect(() => validate(broken)).toThrow(/replicas/);
  });
});

/** Of Debian; the gate installs it. */
const COMPOSE = '/usr/bin/docker-compose';

describe.skipIf(!existsSync(COMPOSE))('docker-compose.yml', () => {
  it('is what docker-compose takes', async () => {
    const run = promisify(execFile);
    const { stdout } = await run(COMPOSE, [
      '--file',
      join(ROOT, 'docker-compose.yml'),
      'config',
      '--services',
    ]);
    expect(stdout.trim().split('\n').sort()).toEqual(['api', 'postgres', 'redis', 'registry', 'worker']);
  });
});
