/** One browser for all scenarios, and for each a context of its own. What nobody may see fails whatever else went well. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { chromium } from 'playwright-core';
import { Api } from './api.mjs';
import { DEADLINE_MS, until } from './until.mjs';

const { BASE_URL, API_KEY, CHROMIUM = '/usr/bin/chromium' } = process.env;
const WIDE = { width: 1440, height: 900 };

let browser;
const running = [];

/**
 * A test in a fresh browser context. `expected`: what the console may say in spite of all, as regular expressions;
 * `context`: more of what Playwright's `newContext` takes.
 */
export function scenario(name, play, options = {}) {
  running.push(test(name, () => perform(play, options)));
}

/** Resolves once every scenario has been played and the browser is gone. */
export async function curtain() {
  await Promise.all(running);
  await (await browser)?.close();
}

export function launch() {
  assert.ok(existsSync(CHROMIUM), `no browser at ${CHROMIUM}: install chromium, or name another in CHROMIUM`);
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

async function perform(play, { expected = [], context: more = {} }) {
  assert.ok(BASE_URL, 'BASE_URL is not set: it is where the server listens');
  browser ??= launch();
  const context = await (await browser).newContext({ viewport: WIDE, ...more });
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  const faults = await overhear(page, expected);
  const stage = { page, context, api: new Api(BASE_URL, API_KEY), base: BASE_URL, open: (hash) => open(page, hash) };
  try {
    await play(stage);
  } catch (error) {
    const seen = await page.locator('body').innerText({ timeout: 1000 }).catch(() => '');
    error.stack += `\n--- on the console: ${faults.join('\n')}\n--- at ${page.url()}:\n${seen.slice(0, 3000)}`;
    throw error;
  } finally {
    await context.close();
  }
  assert.deepEqual(faults, []);
}

/** Whatever no page may do: complain, run a stored script, break its policy, ask others for something. */
async function overhear(page, expected) {
  const faults = [];
  const note = (fault) => expected.some((pattern) => pattern.test(fault)) || faults.push(fault);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) note(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => note(`thrown: ${error.stack}`));
  page.on('dialog', (dialog) => (note(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on('popup', (popup) => note(`popup: ${popup.url()}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(BASE_URL) && !url.startsWith('data:')) note(`outside request: ${url}`);
  });
  await page.addInitScript(() => {
    // Stored scripts of the scenarios call it.
    window.ran = (what) => console.error(`a stored script ran: ${what}`);
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
      console.error(`policy violated: ${violatedDirective} ${blockedURI} ${sample}`),
    );
  });
  return faults;
}

/** Loads the dashboard at `#/…`, or moves there if it is loaded. */
async function open(page, hash = '#/overview') {
  if (page.url().includes('/dashboard/')) await page.evaluate(move, hash);
  else await page.goto(`${BASE_URL}dashboard/${hash}`);
  await page.locator('main h1').waitFor();
  await settled(page);
}

/** In the page: resolves once what was there before is gone from the screen. */
function move(hash) {
  return new Promise((resolve) => {
    if (location.hash === hash) return resolve();
    addEventListener('hashchange', () => requestAnimationFrame(() => requestAnimationFrame(resolve)), { once: true });
    location.hash = hash;
  });
}

/** Once nothing says any more that it is loading. */
export const settled = (page) =>
  until('everything is loaded', async () => (await page.locator('main .waiting').count()) === 0);
