import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { headManifest } from '../../tools/images.js';
import { deleteAndWait } from '../support/deletions.js';
import { startTestGateway } from '../support/gateway.js';
import { untilState } from '../support/guarded.js';
import {
  openReviewPage,
  secretOf,
  signInWithKey,
  startBrowser,
  type OpenPage,
} from '../support/review-page.js';
import { startReviewWorld, type ReviewWorld } from '../support/review-world.js';

// Each test is many steps of a browser.
vi.setConfig({ testTimeout: 300_000 });

let browser: Browser;
let world: ReviewWorld;
let opened: OpenPage[] = [];
const keys: Record<'requester' | 'approver' | 'operator' | 'auditor', string> = {
  requester: '',
  approver: '',
  operator: '',
  auditor: '',
};

beforeAll(async () => {
  browser = await startBrowser();
  world = await startReviewWorld();
  keys.requester = await secretOf(world.gateway, 'requester', 'team-a ci', ['prod/team-a/**:delete']);
  keys.approver = await secretOf(world.gateway, 'approver', 'Petra');
  keys.operator = await secretOf(world.gateway, 'operator', 'Olga');
  keys.auditor = await secretOf(world.gateway, 'auditor', 'Aurel', []);
});
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});
afterEach(async () => {
  // Nothing that any test did made the browser complain, or ask anybody but Sexton.
  expect(opened.flatMap(({ complaints }) => complaints)).toEqual([]);
  expect(world.issuer.violations).toEqual([]);
  for (const { close } of opened) await close();
  opened = [];
});

const open = async (options: { readonly hash?: string; readonly allowed?: readonly string[] } = {}) => {
  const one = await openReviewPage(browser, world.gateway.url, options);
  opened.push(one);
  return one.page;
};
const openAs = async (key: string, hash = ''): Promise<Page> => {
  const page = await open({ hash });
  await signInWithKey(page, key);
  return page;
};
const isThere = async (repository: string, tag: string): Promise<boolean> =>
  (await headManifest({ registryUrl: world.registry.url, repository }, tag)).status === 200;
const idIn = (page: Page): string => new URL(page.url()).hash.split('/').at(-1) ?? '';
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const confirm = async (page: Page, name: string, reason?: string): Promise<void> => {
  const dialog = page.getByRole('dialog');
  if (reason !== undefined) await dialog.getByLabel('Reason').fill(reason);
  await dialog.getByRole('button', { name, exact: true }).click();
};
const plan = async (page: Page, repository: string, references: string): Promise<void> => {
  await page.getByRole('link', { name: 'Plan a deletion' }).click();
  await page.getByLabel('Registry').fill('prod');
  await page.getByLabel('Repository').fill(repository);
  await page.getByLabel('Tags or digests').fill(references);
  await page.getByLabel('Reason').fill('a test of the page');
  await button(page, 'Show the plan').click();
  await page.getByRole('heading', { level: 1, name: `prod/${repository}` }).waitFor();
};

describe('signing in', () => {
  it('says what is wrong with a key, and lets the right one in', async () => {
    const page = await open();
    await page.getByLabel('API key').fill('sxt_notakeyofthissextonatallsoitisrefused00000');
    await button(page, 'Sign in with the key').click();
    await page.getByRole('alert').getByText('No valid credential').first().waitFor();
    await signInWithKey(page, keys.auditor);
    expect(await page.getByRole('banner').innerText()).toContain('Aurel');
  });

  it('keeps nothing that opens Sexton where a reload or another page finds it', async () => {
    const page = await openAs(keys.auditor);
    const stored = await page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])');
    expect(stored).toBe('[{},{},""]');
    await page.reload();
    await page.getByLabel('API key').waitFor();
    expect(await page.getByLabel('API key').inputValue()).toBe('');
  });

  it('is over when somebody signs out, or when the key is revoked', async () => {
    const made = await world.gateway.api().post('/v1/api-keys').send({ name: 'short', role: 'auditor' });
    const { id, secret } = made.body as { id: string; secret: string };
    const page = await openAs(secret);
    await button(page, 'Sign out').click();
    await page.getByLabel('API key').waitFor();
    await signInWithKey(page, secret);
    await world.gateway.api().delete(`/v1/api-keys/${id}`).expect(204);
    // Not by the link: where the list's first question was still under way, the page has left by itself.
    await page.evaluate("location.hash = '#/holds'");
    await page.getByRole('alert').waitFor();
    await page.getByLabel('API key').waitFor();
  });

  it('at the issuer is by code with PKCE, and comes back to where one was', async () => {
    const issuer = new URL(world.issuer.issuer).origin;
    const page = await open({ hash: '#/audit?registry=prod', allowed: [issuer] });
    await button(page, `Sign in at ${new URL(issuer).host}`).click();
    await page.getByRole('heading', { level: 1, name: 'Audit log' }).waitFor();
    expect(page.url()).toBe(`${world.gateway.url}/#/audit?registry=prod`);
    expect(await page.getByRole('banner').innerText()).toContain('Ana');
    expect(world.issuer.requests).toContain('/realm/token');
    const stored = await page.evaluate('JSON.stringify([localStorage, sessionStorage])');
    expect(stored).toBe('[{},{}]');
  });

  it('takes no code that was not asked for in this window', async () => {
    const asked = world.issuer.requests.length;
    const one = await openReviewPage(browser, `${world.gateway.url}/?code=stolen&state=of-somebody`);
    await one.page.getByRole('alert').getByText('not begun in this window').waitFor();
    // Gone from the address bar, and never shown to the issuer.
    expect(new URL(one.page.url()).search).toBe('');
    expect(world.issuer.requests.slice(asked)).toEqual([]);
    await one.close();
  });
});

describe('a deletion', () => {
  it('is planned, shown as a picture, executed as shown, followed to its end, and restored', async () => {
    await world.pushMulti('team-a/multi', ['v2', 'latest']);
    const page = await openAs(keys.requester);
    await plan(page, 'team-a/multi', 'v2, latest,');
    await page.getByRole('img', { name: '3 tags and 3 manifests go; 1 manifest stays.' }).waitFor();
    expect(await isThere('team-a/multi', 'v2')).toBe(true);

    await button(page, 'Execute').click();
    await confirm(page, 'Execute');
    await page.getByText('succeeded', { exact: true }).waitFor();
    await page.getByRole('status').getByText('The deletion is succeeded.').waitFor({ state: 'attached' });
    await page.getByRole('img', { name: /are gone; 1 manifest stays/ }).waitFor();
    expect(await isThere('team-a/multi', 'v2')).toBe(false);
    // What has a tag of its own was never part of it.
    expect(await isThere('team-a/multi', 'amd64-only')).toBe(true);

    await button(page, 'Restore').click();
    await confirm(page, 'Restore', 'the wrong image');
    await page.getByText('restored', { exact: true }).first().waitFor();
    expect(await isThere('team-a/multi', 'v2')).toBe(true);
  });

  it('is not executed by whoever looks at it and thinks better of it', async () => {
    await world.pushPlain('team-a/kept', ['v1']);
    const page = await openAs(keys.requester);
    await plan(page, 'team-a/kept', 'v1');
    await button(page, 'Execute').click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    // Focus is back where it was.
    expect(await page.evaluate('document.activeElement?.textContent')).toBe('Execute');
    await button(page, 'Execute').click();
    await button(page, 'Do nothing').click();
    const api = world.gateway.api();
    expect((await untilState(api, idIn(page), 'planned')).state).toBe('planned');
    await button(page, 'Cancel the deletion').click();
    await confirm(page, 'Cancel the deletion', 'not this one');
    await page.getByText('cancelled', { exact: true }).waitFor();
    expect(await isThere('team-a/kept', 'v1')).toBe(true);
  });

  it('that is refused shows what stands in the way, and nothing to press', async () => {
    await world.pushPlain('team-a/shared', ['v3', 'stable']);
    const page = await openAs(keys.requester);
    await plan(page, 'team-a/shared', 'v3');
    await page.getByText('Refused: nothing was or will be deleted').waitFor();
    await page.getByRole('img', { name: '2 tags and 1 manifest stay.' }).waitFor();
    expect(await button(page, 'Execute').count()).toBe(0);
    expect(await isThere('team-a/shared', 'v3')).toBe(true);
  });

  it('waits for somebody else, who approves it in a page of their own', async () => {
    await world.pushPlain('team-a/ledger', ['release-1']);
    const asking = await openAs(keys.requester);
    await plan(asking, 'team-a/ledger', 'release-1');
    await button(asking, 'Execute').click();
    await confirm(asking, 'Execute');
    await asking.getByText('awaiting approval', { exact: true }).waitFor();
    expect(await button(asking, 'Approve').count()).toBe(0);

    const approving = await openAs(keys.approver, '#/deletions?state=awaiting_approval');
    await approving.getByRole('link', { name: 'prod/team-a/ledger' }).click();
    await button(approving, 'Approve').click();
    await confirm(approving, 'Approve', 'looked at it');
    await approving.getByText('succeeded', { exact: true }).waitFor();
    await approving.getByText('looked at it').waitFor();
    expect(await isThere('team-a/ledger', 'release-1')).toBe(false);
  });

  it('that is rejected deletes nothing', async () => {
    await world.pushPlain('team-a/rejected', ['release-1']);
    const api = world.gateway.api(keys.requester);
    const body = { registry: 'prod', repository: 'team-a/rejected', references: ['release-1'] };
    const asked = await api.post('/v1/deletions').send({ ...body, reason: 'a test' });
    const { id } = asked.body as { id: string };
    await untilState(api, id, 'awaiting_approval');
    const page = await openAs(keys.approver, `#/deletions/${id}`);
    await button(page, 'Reject').click();
    await confirm(page, 'Reject', 'customers run it');
    await page.getByText('rejected', { exact: true }).first().waitFor();
    expect(await isThere('team-a/rejected', 'release-1')).toBe(true);
  });

  it('of the list moves as it goes on', async () => {
    await world.pushPlain('team-a/moving', ['v1']);
    const operator = world.gateway.api(keys.operator);
    const paused = await operator.post('/v1/pauses').send({ registry: 'prod', reason: 'a test' }).expect(201);
    const body = { registry: 'prod', repository: 'team-a/moving', references: ['v1'], reason: 'a test' };
    await world.gateway.api(keys.requester).post('/v1/deletions').send(body).expect(202);
    const page = await openAs(keys.operator, '#/deletions?repository=team-a%2Fmoving');
    await page.getByText('Registry prod is paused').waitFor();
    await page.getByText('Queued: 0 of 1 target done').waitFor();
    const { id } = paused.body as { id: string };
    await operator.delete(`/v1/pauses/${id}`).send({ reason: 'enough' }).expect(204);
    await page.getByRole('list', { name: 'deletions' }).getByText('succeeded').waitFor();
  });
});

describe('a hold', () => {
  it('is placed, refuses, and is lifted', async () => {
    await world.pushPlain('team-a/held', ['shipped-1']);
    const page = await openAs(keys.operator, '#/holds');
    await button(page, 'Place a hold').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Registry').fill('prod');
    await dialog.getByLabel('Repository').fill('team-a/held');
    await dialog.getByLabel('Tags').fill('shipped-*');
    await confirm(page, 'Place the hold', 'customers run these');
    const holds = page.getByRole('list', { name: 'holds' });
    await holds.getByText('customers run these').waitFor();

    await page.getByRole('link', { name: 'Deletions' }).click();
    await plan(page, 'team-a/held', 'shipped-1');
    await page.getByText('Refused: nothing was or will be deleted').waitFor();

    await page.getByRole('link', { name: 'Holds' }).click();
    await button(page, 'Lift the hold on prod/team-a/held').click();
    await confirm(page, 'Lift the hold', 'end of support');
    await page.getByText('No hold is like this').waitFor();
  });
});

describe('the audit log', () => {
  it('has its filters in the address bar, both ways', async () => {
    await world.pushPlain('team-a/audited', ['v1']);
    const api = world.gateway.api(keys.requester);
    const body = { registry: 'prod', repository: 'team-a/audited', references: ['v1'], dryRun: true };
    await api
      .post('/v1/deletions')
      .send({ ...body, reason: 'quarterly clean-up' })
      .expect(202);

    const page = await openAs(keys.auditor, '#/audit');
    await page.getByLabel('Words of the reason').fill('quarterly');
    await page.getByLabel('Action').selectOption('deletion.planned');
    await button(page, 'Filter').click();
    const events = page.getByRole('list', { name: 'events' });
    // Before, the list holds that event and others.
    await expect.poll(() => events.getByRole('listitem').count(), { timeout: 60_000 }).toBe(1);
    await events.getByText('prod/team-a/audited').waitFor();
    const { hash } = new URL(page.url());
    expect(hash).toBe('#/audit?q=quarterly&action=deletion.planned');

    const other = await openAs(keys.auditor, hash);
    await other.getByRole('list', { name: 'events' }).getByText('prod/team-a/audited').waitFor();
    expect(await other.getByLabel('Words of the reason').inputValue()).toBe('quarterly');
    expect(await other.getByRole('list', { name: 'events' }).getByRole('listitem').count()).toBe(1);
  });

  it('keeps what somebody chose while the list was still on its way', async () => {
    const page = await openAs(keys.auditor);
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/v1/audit/events**', async (route) => {
      await released;
      await route.continue();
    });
    await page.getByRole('link', { name: 'Audit log' }).click();
    await page.getByLabel('Action').selectOption('api_key.created');
    release();
    await page.getByRole('list', { name: 'events' }).waitFor();
    expect(await page.getByLabel('Action').inputValue()).toBe('api_key.created');
  });

  it('is verified and exported', async () => {
    const page = await openAs(keys.auditor, '#/audit?action=api_key.created');
    await button(page, 'Verify the chain').click();
    await page.getByText('the chain is whole').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      button(page, 'Export NDJSON').click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^sexton-audit-\d+\.ndjson$/);
    const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ type: 'end' });
    expect(lines.some((line) => line.includes('api_key.created'))).toBe(true);
  });

  it('says so where the address asks for what there is not', async () => {
    const page = await openAs(keys.auditor, '#/audit?action=no.such.action');
    await page.getByRole('alert').getByText('The request is not valid').waitFor();
  });
});

describe('collections', () => {
  it('show windows and bytes, and are asked for and cancelled', async () => {
    const repository = 'team-a/collected';
    await world.pushPlain(repository, ['v1']);
    await deleteAndWait(world.gateway.api(), { registry: 'prod', repository, references: ['v1'] });
    const page = await openAs(keys.operator, '#/collections');
    await page.getByText(world.window).waitFor();
    await button(page, 'Ask for a collection').click();
    await page.getByRole('dialog').getByLabel('When').selectOption('now');
    await confirm(page, 'Ask for it', 'how much is there?');
    const runs = page.getByRole('list', { name: 'collections' });
    await runs.getByText('succeeded').waitFor();
    await runs.getByText('Would go').waitFor();

    await button(page, 'Ask for a collection').click();
    await page.getByRole('dialog').getByLabel('What').selectOption('collect');
    await confirm(page, 'Ask for it', 'monthly clean-up');
    await button(page, 'Cancel: collection of prod').click();
    await confirm(page, 'Cancel', 'not tonight');
    await runs.getByText('cancelled').waitFor();
  });
});

describe('what the caller may not do', () => {
  it('is not offered', async () => {
    const page = await openAs(keys.auditor);
    for (const [section, name] of [
      ['Deletions', 'Plan a deletion'],
      ['Holds', 'Place a hold'],
      ['Collections', 'Ask for a collection'],
    ] as const) {
      await page.getByRole('link', { name: section, exact: true }).click();
      await page.getByRole('heading', { level: 1, name: section }).waitFor();
      // What may be asked for can depend on what is fetched.
      await page.locator('.loading').first().waitFor({ state: 'detached' });
      expect(await page.getByText(name).count(), name).toBe(0);
    }
    const other = await openAs(keys.requester, '#/audit');
    await other.getByRole('heading', { level: 1, name: 'Audit log' }).waitFor();
    expect(await button(other, 'Verify the chain').count()).toBe(0);
  });
});

describe('the files of the page', () => {
  const policyOf = async (url: string, path: string): Promise<string> =>
    (await request(url).get(path)).headers['content-security-policy'] ?? '';

  it('are under a policy of their own, which opens nothing else', async () => {
    const { url } = world.gateway;
    const policy = await policyOf(url, '/');
    expect(policy).not.toMatch(/unsafe|\*|data:|https:/);
    expect(policy).toContain(`connect-src 'self' ${new URL(world.issuer.issuer).origin};`);
    expect(policy).toContain("default-src 'none'");
    const issuer = new URL(world.issuer.issuer).origin;
    for (const path of ['/v1/deletions', '/healthz', '/web/none.js', '/nothing']) {
      expect(await policyOf(url, path), path).not.toContain(issuer);
    }
    const plain = await startTestGateway({ registries: [] });
    expect(await policyOf(plain.url, '/')).toContain("connect-src 'self';");
    await plain.stop();
  });

  it('are kept for ever by browsers, and the document is asked for anew', async () => {
    const { url } = world.gateway;
    const document = await request(url).get('/').expect(200);
    expect(document.headers['cache-control']).toBe('no-cache');
    await request(url)
      .get('/')
      .set('If-None-Match', document.headers['etag'] ?? '')
      .expect(304);
    const names = [...document.text.matchAll(/"(\/web\/[^"]+)"/g)].map(([, name]) => name ?? '');
    expect(names).toHaveLength(3);
    for (const name of names) {
      const file = await request(url).get(name).expect(200);
      expect(file.headers['cache-control']).toBe('public, max-age=31536000, immutable');
      expect(file.headers['x-content-type-options']).toBe('nosniff');
    }
    await request(url).get('/web/../package.json').expect(404);
    await request(url).get('/web/main-00000000.js').expect(404);
    await request(url).post('/').expect(404);
  });

  it('are no part of the API, and not on a worker', async () => {
    const { url } = world.gateway;
    const { paths } = (await request(url).get('/openapi.json')).body as { paths: object };
    expect(
      Object.keys(paths)
        .filter((path) => !path.startsWith('/v1/'))
        .sort(),
    ).toEqual(['/healthz', '/metrics', '/readyz']);
    const worker = await startTestGateway({ registries: [], role: 'worker' });
    await request(worker.url).get('/').expect(404);
    await worker.stop();
  });
});
