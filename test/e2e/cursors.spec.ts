import { afterAll, beforeAll, expect, it } from 'vitest';
import { pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { pushImages } from '../support/guarded.js';
import { LOOPBACK } from '../support/webhooks.js';

const TAGS = '/v1/registries/prod/tags?repository=';

/** Every list that has more than one page, with a query that narrows nothing which is there. */
const LISTS = [
  '/v1/deletions?registry=prod',
  '/v1/holds?state=all',
  '/v1/api-keys?',
  '/v1/webhooks?',
  '/v1/audit/events?outcome=succeeded',
  '/v1/registries/prod/repositories?',
  '/v1/registries/other/repositories?',
  `${TAGS}team/app`,
  `${TAGS}team/web`,
];

/** Lists that another one's cursor is sent to, beside those. */
const ALSO = ['/v1/collections?'];

let registry: RegistryServer;
let gateway: TestGateway;
const cursors = new Map<string, string>();

const read = (list: string, cursor: string, limit = 1) =>
  gateway.api().get(`${list}&limit=${limit}&cursor=${cursor}`.replace('?&', '?'));

beforeAll(async () => {
  registry = await startRegistry();
  for (const repository of ['team/app', 'team/web']) await pushImages(registry.url, repository, 3);
  await pushImage({ registryUrl: registry.url, repository: 'team/zoo' }, { tags: ['v1'] });
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url), registryOptions('other', registry.url)],
    webhooks: { allowed: LOOPBACK },
  });
  const send = (path: string, body: object) => gateway.api().post(path).send(body);
  for (const name of ['one', 'two', 'three']) {
    const place = { registry: 'prod', repository: 'team/app', reason: name };
    await send('/v1/deletions', { ...place, references: ['v1'], dryRun: true }).expect(202);
    await send('/v1/holds', { ...place, tags: `keep-${name}` }).expect(201);
    await send('/v1/api-keys', { name, role: 'auditor' }).expect(201);
    const url = 'http://127.0.0.1:9999/';
    await send('/v1/webhooks', { name, url, events: ['deletion.failed'], repositories: ['prod/**'] }).expect(
      201,
    );
  }
  for (const list of LISTS) {
    const page = await gateway.api().get(`${list}&limit=1`.replace('?&', '?')).expect(200);
    const { nextCursor } = page.body as { nextCursor: string | null };
    expect(nextCursor, list).not.toBeNull();
    cursors.set(list, String(nextCursor));
  }
});
afterAll(async () => {
  await gateway?.stop();
  await registry?.stop();
});

it.each(LISTS)(
  'a cursor of %s goes on in that list, with another limit too, and in no other one',
  async (list) => {
    const cursor = cursors.get(list) ?? '';
    const next = await read(list, cursor, 2).expect(200);
    expect((next.body as { items: unknown[] }).items.length).toBeGreaterThan(0);
    for (const other of [...LISTS, ...ALSO].filter((name) => name !== list)) {
      const refused = await read(other, cursor);
      expect([other, refused.status]).toEqual([other, 400]);
      expect(refused.body).toMatchObject({ code: 'invalid_request', errors: [{ path: '/cursor' }] });
    }
  },
);

it.each([
  ['/v1/deletions?registry=prod', '/v1/deletions?registry=prod&state=planned'],
  ['/v1/holds?state=all', '/v1/holds?state=over'],
  ['/v1/audit/events?outcome=succeeded', '/v1/audit/events?outcome=failed'],
])('a cursor of %s is none of %s: what lies before it was never shown', async (list, other) => {
  const refused = await read(other, cursors.get(list) ?? '').expect(400);
  expect(refused.body).toMatchObject({ code: 'invalid_request', errors: [{ path: '/cursor' }] });
});
