import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { read, untilState } from '../support/guarded.js';
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
let requester: string;
let approver: string;
let operator: string;

beforeAll(async () => {
  browser = await startBrowser();
  world = await startReviewWorld();
  requester = await secretOf(world.gateway, 'requester', 'team-a ci');
  approver = await secretOf(world.gateway, 'approver', 'Petra');
  operator = await secretOf(world.gateway, 'operator', 'Olga');
});
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});
afterEach(async () => {
  expect(opened.flatMap(({ complaints }) => complaints)).toEqual([]);
  for (const { close } of opened) await close();
  opened = [];
});

const openAs = async (key: string, hash: string, width = 1180): Promise<Page> => {
  const one = await openReviewPage(browser, world.gateway.url, {
    hash,
    viewport: { width, height: 800 },
  });
  opened.push(one);
  await signInWithKey(one.page, key);
  return one.page;
};
const ask = async (repository: string, body: Record<string, unknown> = {}): Promise<string> => {
  const asked = { registry: 'prod', repository, reason: 'a test', ...body };
  const accepted = await world.gateway.api(requester).post('/v1/deletions').send(asked).expect(202);
  return (accepted.body as { id: string }).id;
};
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const inDialog = (page: Page, name: string) =>
  page.getByRole('dialog').getByRole('button', { name, exact: true });
const rowsOf = (page: Page, name: string) => page.getByRole('list', { name, exact: true }).locator('> li');
/** What a key pressed now would reach. */
const focused = (page: Page): Promise<unknown> => page.evaluate('document.activeElement?.textContent');
/** A gate in front of calls like this; what comes to it waits until it is opened. */
const gateAt = async (page: Page, url: string) => {
  let open = (): void => undefined;
  const opening = new Promise<void>((resolve) => (open = resolve));
  await page.route(url, async (route) => {
    await opening;
    await route.continue();
  });
  return { open: () => open() };
};

describe('what somebody is about to do', () => {
  it('is not taken away when Sexton is away for a moment', async () => {
    await world.pushPlain('team-a/away', ['release-1']);
    const id = await ask('team-a/away', { references: ['release-1'] });
    await untilState(world.gateway.api(), id, 'awaiting_approval');
    const page = await openAs(approver, `#/deletions/${id}`);
    await button(page, 'Approve').click();
    await page.getByRole('dialog').getByLabel('Reason').fill('looked at it for long');
    await page.route('**/v1/deletions/*', (route) => route.abort());
    await page.getByText('Sexton cannot be reached').waitFor();
    expect(await page.getByRole('dialog').getByLabel('Reason').inputValue()).toBe('looked at it for long');
    await page.unroute('**/v1/deletions/*');
    // It goes on looking by itself.
    await page.getByText('Sexton cannot be reached').waitFor({ state: 'detached' });
    await inDialog(page, 'Approve').click();
    await page.getByText('succeeded', { exact: true }).waitFor();
  });

  it('cannot be left as if nothing was done while it is being sent', async () => {
    await world.pushPlain('team-a/sent', ['v1']);
    const id = await ask('team-a/sent', { references: ['v1'], dryRun: true });
    const page = await openAs(requester, `#/deletions/${id}`);
    await button(page, 'Execute').click();
    let posts = 0;
    page.on('request', (request) => (posts += request.method() === 'POST' ? 1 : 0));
    const gate = await gateAt(page, '**/execute');
    await inDialog(page, 'Execute').dblclick();
    await inDialog(page, 'Sending …').waitFor();
    await page.keyboard.press('Escape');
    await inDialog(page, 'Do nothing').click({ force: true });
    expect(await page.getByRole('dialog').count()).toBe(1);
    gate.open();
    await page.getByText('succeeded', { exact: true }).waitFor();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(posts).toBe(1);
  });
});

describe('a list', () => {
  it('keeps the pages that were fetched when it is fetched anew', async () => {
    await world.pushPlain('team-b/long', ['v1']);
    const api = world.gateway.api(requester);
    const asked = { registry: 'prod', repository: 'team-b/long', references: ['v1'], reason: 'a test' };
    for (let n = 0; n < 60; n += 1) {
      const call = api.post('/v1/deletions').set('Prefer', 'respond-async');
      await call.send({ ...asked, dryRun: true }).expect(202);
    }
    const planning = async (): Promise<number> => {
      const list = await api.get('/v1/deletions?repository=team-b/long&state=planning').expect(200);
      return (list.body as { items: unknown[] }).items.length;
    };
    await expect.poll(planning, { timeout: 60_000 }).toBe(0);
    const page = await openAs(operator, '#/deletions?repository=team-b%2Flong');
    const rows = rowsOf(page, 'deletions');
    await button(page, 'More deletions').press('Enter');
    await expect.poll(() => rows.count(), { timeout: 60_000 }).toBe(60);
    // The button went with the last page: whoever pressed it goes on at the first row behind what was there.
    const rowWithFocus = () =>
      page.evaluate('[...document.querySelectorAll(".rows > li")].indexOf(document.activeElement)');
    await expect.poll(rowWithFocus).toBe(50);
    const again = page.waitForResponse('**/v1/deletions?**cursor=**');
    await button(page, 'Refresh').click();
    await again;
    await page.getByRole('list', { name: 'deletions' }).waitFor();
    expect(await rows.count()).toBe(60);
  });
});

describe('a filter by time', () => {
  it('keeps the seconds that it has, and takes others', async () => {
    const since = '2026-11-23T10:30:15.250Z';
    const page = await openAs(operator, `#/audit?since=${encodeURIComponent(since)}`);
    const addressed = () => new URLSearchParams(new URL(page.url()).hash.split('?')[1]).get('since');
    await button(page, 'Filter').press('Enter');
    expect(addressed()).toBe(since);
    const field = page.getByLabel('From');
    await field.fill((await field.inputValue()).replace(/:15.*/, ':16'));
    await button(page, 'Filter').press('Enter');
    await expect.poll(addressed).toBe('2026-11-23T10:30:16.000Z');
  });
});

describe('focus', () => {
  it('stays where one can go on, after filtering, an error and an act', async () => {
    await world.pushPlain('team-a/focus', ['release-1']);
    const id = await ask('team-a/focus', { references: ['release-1'] });
    await untilState(world.gateway.api(), id, 'awaiting_approval');
    const page = await openAs(approver, '#/deletions');
    await page.getByLabel('Repository').fill('team-a/focus');
    await button(page, 'Filter').press('Enter');
    await page.getByRole('link', { name: 'Clear' }).waitFor();
    expect(await focused(page)).toBe('Deletions');

    await page.getByRole('link', { name: 'prod/team-a/focus' }).press('Enter');
    await button(page, 'Reject').press('Enter');
    await page.getByRole('dialog').getByLabel('Reason').fill('not yet');
    await page.route('**/reject', (route) => route.abort());
    await inDialog(page, 'Reject').press('Enter');
    await page.getByRole('alert').waitFor();
    expect(await focused(page)).toBe('Reject');
    await page.unroute('**/reject');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    // The button that opened it is gone.
    expect(await focused(page)).toBe('prod/team-a/focus');
    expect((await read(world.gateway.api(), id)).state).toBe('rejected');
  });

  it('has a heading to go to where there is nothing to show', async () => {
    const page = await openAs(approver, '#/deletions/01M84G8SDBDVP23QS6SY3YCKPD');
    await page.getByRole('alert').getByText('Not found').first().waitFor();
    expect(await focused(page)).toBe('Deletion');
    expect(await page.title()).toBe('Deletion · Sexton');
  });

  it('is not lost over a wrong key', async () => {
    const one = await openReviewPage(browser, world.gateway.url);
    opened.push(one);
    await one.page.getByLabel('API key').fill('sxt_notakeyofthissextonatallsoitisrefused00000');
    await button(one.page, 'Sign in with the key').press('Enter');
    await one.page.getByRole('alert').waitFor();
    expect(await focused(one.page)).toBe('Sign in with the key');
  });
});

it('a ticket as long as it may be is not cut off on a narrow screen', async () => {
  await world.pushPlain('team-a/ticket', ['v1']);
  const id = await ask('team-a/ticket', { references: ['v1'], dryRun: true, ticket: 'T'.repeat(100) });
  const page = await openAs(requester, `#/deletions/${id}`, 320);
  await page.getByText('TTTT').waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
});
