import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import pLimit from 'p-limit';
import { fetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { collectionOptions } from '../support/collections.js';
import { deleteAndWait } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { SEED } from '../support/seed.js';
import { LOOPBACK } from '../support/webhooks.js';
import { valuesOf, type Known, type Schema } from './fuzz-values.js';

/** Cases for each operation. */
const CASES = Number(process.env['FUZZ_CASES'] ?? 200);

const parameterSchema = z.object({
  name: z.string(),
  in: z.enum(['path', 'query', 'header']),
  required: z.boolean().default(false),
  schema: z.record(z.string(), z.unknown()).default({}),
});
const operationSchema = z.object({
  parameters: z.array(parameterSchema).default([]),
  requestBody: z
    .object({ content: z.record(z.string(), z.object({ schema: z.record(z.string(), z.unknown()) })) })
    .optional(),
  responses: z.record(z.string(), z.unknown()),
});
const document = z
  .object({
    paths: z.record(z.string(), z.record(z.string(), operationSchema)),
    components: z.object({ schemas: z.record(z.string(), z.record(z.string(), z.unknown())) }),
  })
  .parse(JSON.parse(readFileSync('openapi/sexton.json', 'utf8')));

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
);

interface Case {
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

let registry: RegistryServer;
let gateway: TestGateway;
let known: Known;

beforeAll(async () => {
  registry = await startRegistry();
  const engine = { kind: 'sexton', storage: registry.storageDir, threads: 0 } as const;
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url)],
    collections: [collectionOptions(engine)],
    webhooks: { allowed: LOOPBACK },
  });
  const repository = 'team-a/app';
  for (const tag of ['v1', 'v2', 'v3']) {
    await pushImage({ registryUrl: registry.url, repository }, { tags: [tag], content: tag });
  }
  const deletion = await deleteAndWait(gateway.api(), { registry: 'prod', repository, references: ['v1'] });
  const asked = { registry: 'prod', reason: 'a test' };
  const collection = await gateway.api().post('/v1/collections').send(asked).expect(202);
  const webhook = await gateway
    .api()
    .post('/v1/webhooks')
    .send({ name: 'nobody', url: 'http://127.0.0.1:9999/', events: ['pause.ended'] })
    .expect(201);
  known = {
    registry: ['prod'],
    repository: [repository],
    id: [deletion.id, ...[collection, webhook].map(({ body }) => (body as { id: string }).id)],
    // The first one may be used, and nothing is sent there; the others may not.
    url: ['http://127.0.0.1:9999/', 'http://10.0.0.1/', 'http://169.254.169.254/'],
    reference: ['v1', 'v2', deletion.targets[0]?.digest ?? ''],
    digest: [deletion.targets[0]?.digest ?? ''],
  };
});

afterAll(async () => {
  await gateway?.stop();
  await registry?.stop();
});

const casesOf = ({ path, operation }: (typeof operations)[number]): fc.Arbitrary<Case> => {
  const valueOf = (name: string, schema: Schema) =>
    valuesOf(schema, name, known, document.components.schemas);
  const named = (place: 'path' | 'query' | 'header') =>
    operation.parameters.filter((parameter) => parameter.in === place);
  const record = (place: 'query' | 'header') =>
    fc.record(Object.fromEntries(named(place).map(({ name, schema }) => [name, valueOf(name, schema)])), {
      requiredKeys: [],
    });
  const bodySchema = operation.requestBody?.content['application/json']?.schema;
  return fc.record({
    path: fc
      .tuple(...named('path').map(({ name, schema }) => valueOf(name, schema)))
      .map((values) =>
        named('path').reduce(
          (at, { name }, i) => at.replace(`{${name}}`, encodeURIComponent(asText(values[i]) || 'x')),
          path,
        ),
      ),
    query: record('query'),
    headers: record('header'),
    body: bodySchema
      ? fc.oneof({ weight: 9, arbitrary: valueOf('body', bodySchema) }, fc.json())
      : fc.constant(null),
  });
};

/** As a client would write it; what no URL can hold (half of a surrogate pair) is left out. */
const asText = (value: unknown): string =>
  (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).replaceAll(/\p{Surrogate}/gu, '');

/** The status, or null where the client itself refuses to send such a thing. */
const send = async (method: string, { path, query, headers, body }: Case): Promise<number | null> => {
  const url = new URL(gateway.url);
  url.search = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, asText(value)]),
  ).toString();
  const sent = Object.entries(headers).map(([name, value]) => [name, asText(value)] as const);
  try {
    const response = await fetch(`${url.origin}${path}${url.search}`, {
      method,
      headers: {
        ...Object.fromEntries(sent),
        authorization: `Bearer ${gateway.adminKey}`,
        ...(body !== null && { 'content-type': 'application/json' }),
      },
      ...(body !== null && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    if (error instanceof TypeError && String(error.message).includes('fetch failed') === false) return null;
    throw error;
  }
};

describe('whatever is sent', () => {
  it.each(operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    '%s answers what its document says, and never 500',
    async (name, operation) => {
      const documented = new Set(Object.keys(operation.operation.responses));
      const limit = pLimit(16);
      const cases = fc.sample(casesOf(operation), { numRuns: CASES, seed: SEED });
      const wrong: unknown[] = [];
      await Promise.all(
        cases.map((one) =>
          limit(async () => {
            const status = await send(operation.method, one);
            // A path that leads elsewhere is another route's, or nobody's.
            const isElsewhere = status === 404 || status === 405;
            const isFine = status === null || isElsewhere || documented.has(String(status));
            if (!isFine || status === 500) wrong.push({ status, ...one });
          }),
        ),
      );
      expect({ name, seed: SEED, wrong: wrong.slice(0, 3) }).toEqual({ name, seed: SEED, wrong: [] });
    },
  );

  it('leaves a gateway that is well, and an audit chain that is whole', async () => {
    await gateway.api().get('/readyz').expect(200);
    const verified = await gateway.api().get('/v1/audit/verification').expect(200);
    expect(verified.body).toMatchObject({ status: 'whole' });
  });
});
