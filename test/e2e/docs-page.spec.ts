import { chromium, type Browser, type Page } from 'playwright-core';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CLIENT_ID } from '../support/browser-logins.js';
import { startTestGateway, type TestGateway } from '../support/gateway.js';
import { startIssuer, type TestIssuer } from '../support/issuer.js';

let browser: Browser;
let issuer: TestIssuer;
let gateway: TestGateway;
const complaints: string[] = [];

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  issuer = await startIssuer();
  gateway = await startTestGateway({ registries: [], oidc: issuer.options({ clientId: CLIENT_ID }) });
});
afterAll(async () => {
  await gateway?.stop();
  await issuer?.stop();
  await browser?.close();
});
afterEach(() => {
  expect(issuer.violations).toEqual([]);
});

const openDocs = async (): Promise<Page> => {
  complaints.length = 0;
  const page = await browser.newPage();
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(`${gateway.url}/docs`);
  await page.getByRole('button', { name: 'Authorize', exact: true }).first().click();
  return page;
};

/** Asks for the deletions through the page, and returns the status that it shows. */
const tryDeletions = async (page: Page): Promise<string> => {
  await page.locator('.auth-container, .modal-ux').first().waitFor();
  await page.locator('.close-modal').click();
  const operation = page.locator('#operations-deletions-Deletions_list');
  await operation.locator('.opblock-summary-control').click();
  await operation.getByRole('button', { name: 'Try it out' }).click();
  await operation.getByRole('button', { name: 'Execute' }).click();
  return (await operation.locator('.live-responses-table .response-col_status').nth(1).innerText()).trim();
};

describe('the documentation page, in Chromium', () => {
  it('authorizes with a key', async () => {
    const page = await openDocs();
    const form = page.locator('.auth-container', { hasText: 'bearer' }).first();
    await form.locator('input').first().fill(gateway.adminKey);
    await form.getByRole('button', { name: 'Apply credentials' }).click();
    expect(await tryDeletions(page)).toMatch(/^200/);
    await page.close();
  });

  it('authorizes at the issuer, with PKCE', async () => {
    const page = await openDocs();
    const form = page.locator('.auth-container', { hasText: 'authorization_code' });
    await form.locator('button', { hasText: 'Authorize' }).click();
    await form.locator('button', { hasText: 'Logout' }).waitFor();
    expect(await tryDeletions(page)).toMatch(/^200/);
    expect(complaints).toEqual([]);
    expect(issuer.requests).toContain('/realm/token');
    await page.close();
  });
});

describe('the headers of the documentation', () => {
  it('open it to the issuer alone, and open nothing else', async () => {
    const origin = new URL(issuer.issuer).origin;
    const policy = async (url: string, path: string) =>
      (await request(url).get(path)).headers['content-security-policy'] ?? '';
    expect(await policy(gateway.url, '/docs/')).toContain(`connect-src 'self' ${origin}`);
    expect(await policy(gateway.url, '/v1/deletions')).not.toContain(origin);
    const plain = await startTestGateway({ registries: [] });
    expect(await policy(plain.url, '/docs')).not.toContain('connect-src');
    const document = await request(plain.url).get('/openapi.json').expect(200);
    expect(document.text).not.toContain('openIdConnect');
    await plain.stop();
  });
});
