import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import type { TestGateway } from './gateway.js';

/** A browser beside other work on a small machine is slow; nothing here is about time. In milliseconds. */
const PATIENCE_MS = 90_000;

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });

/** The review page in a browser of its own, with all that it did wrong. */
export interface OpenPage {
  readonly page: Page;
  /** Violations of the Content-Security-Policy, errors of the script, and requests to another origin. */
  readonly complaints: readonly string[];
  readonly close: () => Promise<void>;
}

/** `allowed` are origins beside Sexton's own. */
export const openReviewPage = async (
  browser: Browser,
  url: string,
  options: BrowserContextOptions & { readonly hash?: string; readonly allowed?: readonly string[] } = {},
): Promise<OpenPage> => {
  const { hash = '', allowed = [], ...contextOptions } = options;
  const context = await browser.newContext({ reducedMotion: 'reduce', ...contextOptions });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // An answer of the API that is an error is written there by the browser itself.
    const isAnswer = message.text().startsWith('Failed to load resource');
    if (['error', 'warning'].includes(message.type()) && !isAnswer) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const to = new URL(request.url());
    const isOurs = [new URL(url).origin, ...allowed].includes(to.origin) || to.protocol === 'blob:';
    if (!isOurs) complaints.push(`a request to ${to.origin}`);
  });
  await page.goto(`${url}/${hash}`);
  return { page, complaints, close: () => context.close() };
};

export const signInWithKey = async (page: Page, key: string): Promise<void> => {
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in with the key' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
};

/** What axe finds on the page as it is now, in lines that name the element. */
export const barriersOf = async (page: Page): Promise<string[]> => {
  // Through the debugger, to which the page's policy says nothing.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<AxeResults>(
    'axe.run(document, { resultTypes: ["violations"] })',
  );
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(' ')}: ${failureSummary ?? ''}`),
  );
};

/** The secret of a new key of this role. */
export const secretOf = async (
  gateway: TestGateway,
  role: string,
  owner: string,
  scopes: readonly string[] = ['prod/**:delete,read'],
): Promise<string> => {
  const body = { name: owner, owner, role, scopes: role === 'admin' ? [] : scopes };
  const made = await gateway.api().post('/v1/api-keys').send(body).expect(201);
  return (made.body as { secret: string }).secret;
};
