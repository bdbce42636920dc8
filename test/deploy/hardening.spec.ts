import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const read = (path: string): string => readFileSync(at(path), 'utf8');

const probe = (path: string) =>
  z.looseObject({ httpGet: z.strictObject({ path: z.literal(path), port: z.literal('http') }) });

const component = z.strictObject({
  'app.kubernetes.io/name': z.literal('sexton'),
  'app.kubernetes.io/component': z.string(),
});

/** What every process in a cluster must have; strict where a mistyped key would be ignored. */
const deployment = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('Deployment'),
  metadata: z.strictObject({ name: z.string(), labels: component }),
  spec: z.strictObject({
    replicas: z.number().min(2),
    selector: z.strictObject({ matchLabels: component }),
    template: z.strictObject({
      metadata: z.strictObject({ labels: component }),
      spec: z.strictObject({
        automountServiceAccountToken: z.literal(false),
        securityContext: z.strictObject({
          runAsNonRoot: z.literal(true),
          runAsUser: z.number().min(1000),
          runAsGroup: z.number().min(1000),
          fsGroup: z.number(),
          seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
        }),
        // A target under way takes 20 seconds at most.
        terminationGracePeriodSeconds: z.number().min(30),
        containers: z
          .array(
            z.strictObject({
              name: z.string(),
              image: z.string().regex(/:\d+\.\d+\.\d+$/),
              args: z.array(z.string()),
              env: z.array(z.strictObject({ name: z.string().regex(/_FILE$/), value: z.string() })),
              ports: z.array(z.strictObject({ name: z.literal('http'), containerPort: z.literal(8080) })),
              startupProbe: probe('/healthz'),
              livenessProbe: probe('/healthz'),
              readinessProbe: probe('/readyz'),
              resources: z.strictObject({
                requests: z.strictObject({ cpu: z.string(), memory: z.string() }),
                limits: z.strictObject({ memory: z.string() }),
              }),
              securityContext: z.strictObject({
                allowPrivilegeEscalation: z.literal(false),
                readOnlyRootFilesystem: z.literal(true),
                capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
              }),
              volumeMounts: z.array(
                z.strictObject({ name: z.string(), mountPath: z.string(), readOnly: z.literal(true) }),
              ),
            }),
          )
          .length(1),
        volumes: z.array(z.looseObject({ name: z.string() })),
      }),
    }),
  }),
});

const budget = z.strictObject({
  apiVersion: z.literal('policy/v1'),
  kind: z.literal('PodDisruptionBudget'),
  metadata: z.strictObject({ name: z.string(), labels: component }),
  spec: z.strictObject({
    maxUnavailable: z.literal(1),
    selector: z.strictObject({ matchLabels: component }),
  }),
});

describe('the manifests for Kubernetes', () => {
  const documents = readdirSync(at('deploy/kubernetes')).flatMap((file) =>
    parseAllDocuments(read(`deploy/kubernetes/${file}`)).map((document) => document.toJS() as unknown),
  );
  const ofKind = <T>(kind: string, shape: z.ZodType<T>): T[] =>
    documents
      .filter((document) => z.object({ kind: z.string() }).parse(document).kind === kind)
      .map((document) => shape.parse(document));

  it('run API and workers apart, probed, bounded, unprivileged and read-only', () => {
    const deployments = ofKind('Deployment', deployment);
    expect(deployments.map(({ metadata }) => metadata.name).sort()).toEqual(['sexton-api', 'sexton-worker']);
    for (const { metadata, spec } of deployments) {
      expect(spec.selector.matchLabels).toEqual(metadata.labels);
      expect(spec.template.metadata.labels).toEqual(metadata.labels);
      const volumes = spec.template.spec.volumes.map(({ name }) => name);
      for (const { volumeMounts } of spec.template.spec.containers) {
        expect(volumeMounts.map(({ name }) => name).sort()).toEqual(volumes.sort());
      }
    }
  });

  it('keep one of each running while nodes are drained', () => {
    const guarded = ofKind('PodDisruptionBudget', budget).map(({ spec }) => spec.selector.matchLabels);
    const running = ofKind('Deployment', deployment).map(({ metadata }) => metadata.labels);
    expect(guarded).toEqual(running);
  });
});

describe('the compose file', () => {
  const compose = z
    .object({
      services: z.record(
        z.string(),
        z.looseObject({
          cap_drop: z.tuple([z.literal('ALL')]),
          security_opt: z.array(z.string()),
          build: z.string().optional(),
          healthcheck: z.looseObject({ test: z.array(z.string()) }).optional(),
          depends_on: z
            .record(z.string(), z.strictObject({ condition: z.literal('service_healthy') }))
            .optional(),
        }),
      ),
    })
    .parse(parse(read('docker-compose.yml'), { merge: true }));

  it('takes rights away, and asks every service whether it is well', () => {
    const services = Object.entries(compose.services);
    expect(services.map(([name]) => name).sort()).toEqual(['api', 'postgres', 'redis', 'registry', 'worker']);
    const image = read('Dockerfile');
    expect(image).toMatch(/^HEALTHCHECK /m);
    expect(image).toMatch(/^USER 1000:1000$/m);
    for (const [name, { security_opt: options, build, healthcheck, depends_on: needs }] of services) {
      expect(options, name).toContain('no-new-privileges:true');
      expect(build !== undefined || healthcheck !== undefined, name).toBe(true);
      for (const needed of Object.keys(needs ?? {}))
        expect(compose.services[needed]?.healthcheck).toBeDefined();
    }
  });

  it('gives Redis the settings that lose nothing', () => {
    const settings = read('deploy/compose/redis.conf');
    expect(settings).toMatch(/^appendonly yes$/m);
    expect(settings).toMatch(/^maxmemory-policy noeviction$/m);
  });
});
