import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectAndWait } from '../support/collections.js';
import { untilEnded } from '../support/deletions.js';
import { untilState } from '../support/guarded.js';
import { barriersOf, openReviewPage, secretOf, signInWithKey, startBrowser } from '../support/review-page.js';
import { startReviewWorld, type ReviewWorld } from '../support/review-world.js';

/** Set to a folder, it gets the pictures of the documentation (npm run screenshots). */
const PICTURES = process.env['SEXTON_SCREENSHOTS'];
/** What the documentation shows; set SEXTON_SCREENSHOTS_OF to `all` to look at every page. */
const SHOWN = ['deletions-light-1180', 'plan-dark-1180', 'plan-light-400', 'dialog-light-1180'];
SHOWN.push('collections-light-1180', 'audit-light-1180');
const isShown = (name: string): boolean =>
  process.env['SEXTON_SCREENSHOTS_OF'] === 'all' || SHOWN.includes(name);

let browser: Browser;
let world: ReviewWorld;
/** Pages by the name of their picture: where each is, and a text that is on it once it is there. */
const places: Record<string, readonly [hash: string, text: string]> = {};

beforeAll(async () => {
  browser = await startBrowser();
  world = await startReviewWorld();
  const { gateway } = world;
  const ci = gateway.api(await secretOf(gateway, 'requester', 'team-a ci'));
  const operator = gateway.api(await secretOf(gateway, 'operator', 'Olga'));
  const ask = async (body: Record<string, unknown>): Promise<string> => {
    const asked = await ci.post('/v1/deletions').send({ registry: 'prod', ...body });
    return (asked.headers['location'] ?? '').split('/').at(-1) ?? '';
  };
  await world.pushMulti('team-a/payments', ['v1.4', 'v1.4.2']);
  await world.pushMulti('team-a/gateway', ['v2.0']);
  await world.pushMulti('team-a/ledger', ['release-2026-10']);
  await world.pushPlain('team-a/shared', ['v3', 'stable']);
  await world.pushPlain('team-b/reports', ['nightly-1']);
  await world.pushPlain('team-b/reports', ['nightly-2']);

  const done = await ask({
    repository: 'team-b/reports',
    references: ['nightly-1'],
    reason: 'old nightlies',
  });
  await untilEnded(ci, done);
  const refused = await ask({ repository: 'team-a/shared', references: ['v3'], reason: 'end of life' });
  const awaiting = await ask({
    repository: 'team-a/ledger',
    references: ['release-2026-10'],
    reason: 'withdrawn: wrong tax table',
    ticket: 'OPS-21',
  });
  await untilState(ci, awaiting, 'awaiting_approval');
  const gone = await ask({
    repository: 'team-a/gateway',
    references: ['v2.0'],
    reason: 'CVE-2026-1234',
    ticket: 'OPS-17',
  });
  await untilEnded(ci, gone);
  const planned = await ask({
    repository: 'team-a/payments',
    references: ['v1.4'],
    siblings: 'include',
    reason: 'CVE-2026-1234',
    ticket: 'OPS-18',
    dryRun: true,
  });
  const untag = await ask({
    repository: 'team-a/shared',
    references: ['v3'],
    siblings: 'untag',
    reason: 'only the tag is wrong',
    dryRun: true,
  });
  const hold = {
    registry: 'prod',
    repository: 'team-a/**',
    tags: 'shipped-*',
    reason: 'customers run these',
  };
  await operator.post('/v1/holds').send(hold).expect(201);
  const legal = { registry: 'prod', repository: 'team-b/**', legal: true, reason: 'case 2026/114' };
  await operator
    .post('/v1/holds')
    .send({ ...legal, owner: 'legal department' })
    .expect(201);
  await operator
    .post('/v1/pauses')
    .send({ registry: 'prod', reason: 'moving the storage, OPS-31' })
    .expect(201);
  await collectAndWait(operator, { mode: 'dry-run', reason: 'how much is there?' });
  await operator.post('/v1/collections').send({ registry: 'prod', reason: 'monthly clean-up' }).expect(202);
  Object.assign(places, {
    deletions: ['#/deletions', 'withdrawn: wrong tax table'],
    plan: [`#/deletions/${planned}`, 'Executing runs exactly this plan'],
    approval: [`#/deletions/${awaiting}`, '0 of 1 approval given'],
    'plan-refused': [`#/deletions/${refused}`, 'Refused: nothing'],
    'plan-untag': [`#/deletions/${untag}`, 'only the tag is wrong'],
    'plan-gone': [`#/deletions/${gone}`, 'are gone'],
    ask: ['#/ask', 'Nothing is deleted yet'],
    holds: ['#/holds', 'customers run these'],
    collections: ['#/collections', 'monthly clean-up'],
    audit: ['#/audit?repository=team-a%2Fgateway', 'Its deletion'],
    nothing: ['#/audit?registry=prod&tag=nothing-has-this-tag', 'No event is like this'],
    wrong: ['#/audit?action=no.such.action', 'The request is not valid'],
  });
});
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

const picture = async (page: Page, name: string): Promise<void> => {
  if (PICTURES === undefined || !isShown(name)) return;
  mkdirSync(PICTURES, { recursive: true });
  // A dialog covers the window, and not what is below it.
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: !name.startsWith('dialog') });
};

const WIDE = { width: 1180, height: 760 };
const NARROW = { width: 400, height: 800 };

describe.each([
  ['light', WIDE],
  ['dark', WIDE],
  ['light', NARROW],
  ['dark', NARROW],
] as const)('the review page, %s, %o', (colorScheme, viewport) => {
  const look = `${colorScheme}-${viewport.width}`;

  it('has no barriers on any of its pages, and fits the window', { timeout: 240_000 }, async () => {
    const { gateway } = world;
    const { page, complaints, close } = await openReviewPage(browser, gateway.url, { colorScheme, viewport });
    const found: Record<string, unknown> = {};
    const lookAt = async (name: string): Promise<void> => {
      const barriers = await barriersOf(page);
      if (barriers.length > 0) found[name] = barriers;
      // Sideways the page itself does not scroll; what is wider does so inside.
      const overhang = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      if (overhang !== 0) found[`${name}, ${String(overhang)} pixels too wide`] = true;
      await picture(page, `${name}-${look}`);
    };
    await lookAt('sign-in');
    await signInWithKey(page, gateway.adminKey);
    const goTo = async (name: string): Promise<void> => {
      const [hash = '', text = ''] = places[name] ?? [];
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await page.locator('main').getByText(text).first().waitFor();
      await page.locator('.loading').first().waitFor({ state: 'detached' });
    };
    for (const name of Object.keys(places)) {
      await goTo(name);
      await lookAt(name);
    }
    await goTo('approval');
    await page.getByRole('button', { name: 'Approve' }).click();
    await lookAt('dialog');
    await page.keyboard.press('Escape');
    await goTo('holds');
    await page.getByRole('button', { name: 'Place a hold' }).click();
    await lookAt('dialog-hold');
    expect(found).toEqual({});
    expect(complaints).toEqual([]);
    await close();
  });
});
