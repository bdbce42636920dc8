import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ROLES, type Role } from '../../src/identity/permissions.js';
import { documentOnly } from '../../src/openapi-document.js';
import { parseRegistryName } from '../../src/oci/names.js';
import { pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { collectionOptions, NIGHT } from '../support/collections.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { LOOPBACK } from '../support/webhooks.js';
import { startIssuer, type TestIssuer } from '../support/issuer.js';
import { REQUESTS, RouteWorld, type Asked, type Place } from './route-requests.js';
import { FRONT_ROUTES, ROUTES, type Answer, type Row } from './route-table.js';

const SCOPES = ['prod/team-a/**:delete,read'];
const UNSCOPED: readonly Role[] = ['auditor', 'admin'];
const RULE = {
  ...{
    name: 'a rule',
    registry: null,
    repository: null,
    targetsOver: null,
    shareOver: null,
    bytesOver: null,
  },
  ...{ referrers: false, approvers: 1, expiresAfterMs: 3_600_000 },
};
const CREDENTIALS = ['key', 'token'] as const;

let registry: RegistryServer;
let other: RegistryServer;
let issuer: TestIssuer;
let gateway: TestGateway;
let world: RouteWorld;
const secrets = new Map<string, string>();

beforeAll(async () => {
  registry = await startRegistry();
  other = await startRegistry();
  await pushImage({ registryUrl: other.url, repository: 'team-c/app' }, { tags: ['v1'] });
  issuer = await startIssuer();
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url), registryOptions('other', other.url)],
    front: { defaultRegistry: parseRegistryName('prod') },
    // An hour before the windows of both, so that what is asked for there waits.
    collections: [registry, other].map(({ storageDir }, at) =>
      collectionOptions(
        { kind: 'sexton', storage: storageDir, threads: 0 },
        { registry: parseRegistryName(at === 0 ? 'prod' : 'other') },
      ),
    ),
    now: () => NIGHT,
    guardrails: { approvals: [{ ...RULE, tags: 'await-*' }] },
    oidc: issuer.options(),
    webhooks: { allowed: LOOPBACK },
  });
  const claims = { sub: 'stranger', roles: ['requester'], sexton_scopes: ['prod/**:delete'] };
  world = await RouteWorld.build(gateway, registry, await issuer.token({ claims }));
  for (const role of ROLES) {
    const scopes = UNSCOPED.includes(role) ? [] : SCOPES;
    const made = await gateway.api().post('/v1/api-keys').send({ name: role, role, scopes }).expect(201);
    secrets.set(`key ${role}`, (made.body as { secret: string }).secret);
    const claims = { sub: role, roles: [role], sexton_scopes: scopes };
    secrets.set(`token ${role}`, await issuer.token({ claims }));
  }
});
afterAll(async () => {
  await gateway?.stop();
  await issuer?.stop();
  await registry?.stop();
  await other?.stop();
});

const routeOf = (key: string): string => key.split(' — ')[0] ?? key;

const askedOf = async (key: string, place: Place): Promise<Asked> => {
  const ask = REQUESTS[key];
  if (ask) return ask(world, place);
  const path = routeOf(key).split(' ')[1] ?? '';
  if (path.includes('{')) throw new Error(`route-requests.ts does not say how to ask for ${key}`);
  return { path };
};

const send = async (key: string, { path, body }: Asked, secret: string | null): Promise<request.Response> => {
  const method = (key.split(' ')[0] ?? '').toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete';
  const test = request(gateway.url)[method](path);
  if (secret !== null) test.set('Authorization', `Bearer ${secret}`);
  return body === undefined ? test : test.send(body);
};

/** In the words of the table. */
const answerOf = (response: request.Response, { shows }: Asked): Answer => {
  if (shows === undefined || response.status !== 200) return response.status;
  return response.text.includes(shows) ? 'shown' : 'hidden';
};

const documented = async (): Promise<string[]> => {
  const { paths } = z
    .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
    .parse(await documentOnly());
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
};

describe('the table of routes', () => {
  it('has every route of the OpenAPI document, and no other', async () => {
    const routes = [...(await documented())].sort();
    expect([...new Set(Object.keys(ROUTES).map(routeOf))].sort(), 'test/identity/route-table.ts').toEqual(
      routes,
    );
  });

  it('asks for no row that it does not have', () => {
    const rows = new Set([...Object.keys(ROUTES), ...Object.keys(FRONT_ROUTES)]);
    expect(Object.keys(REQUESTS).filter((key) => !rows.has(key))).toEqual([]);
  });
});

describe.each<[string, Row]>([...Object.entries(ROUTES), ...Object.entries(FRONT_ROUTES)])(
  '%s',
  (key, row) => {
    it('without a credential', async () => {
      const asked = await askedOf(key, world.inScope);
      const { status } = await send(key, asked, null);
      expect(status).toBe(row === 'public' ? 200 : 401);
    });

    it.each(row === 'public' ? [] : ROLES)('as %s', async (role) => {
      if (row === 'public') return;
      for (const credential of CREDENTIALS) {
        const answers: Answer[] = [];
        for (const place of [world.inScope, world.outOfScope]) {
          const asked = await askedOf(key, place);
          const secret = secrets.get(`${credential} ${role}`) ?? '';
          answers.push(answerOf(await send(key, asked, secret), asked));
        }
        expect(answers.join(' '), `with a ${credential}`).toBe(row[role]);
      }
    });
  },
);
