// BASE_URL=http://127.0.0.1:8080/ node e2e/screenshots.mjs ../docs/images: the pictures of README, of a server that has
// nothing else in it. Takes a few minutes: a chart needs something to show.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { Api } from './support/api.mjs';
import { launch, settled } from './support/stage.mjs';
import { until } from './support/until.mjs';

const { BASE_URL, MINUTES = '5' } = process.env;
const FOLDER = process.argv[2] ?? '../docs/images';
const MOST_BYTES = 150_000;
const STEP_MS = 500;

const api = new Api(BASE_URL);
let number = 1000;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const between = (low, high) => low + Math.random() * (high - low);
const pick = (list) => list[Math.floor(Math.random() * list.length)];
const emails = ['ada@example.org', 'grace@example.org', 'edsger@example.org'];
const order = (more) => ({ order_id: ++number, customer_email: pick(emails), items: [{ sku: 'A-17', count: 2 }], ...more });

/** What a shop might do, by how often. */
const KINDS = [
  [30, () => ['send_notification', { user_id: ++number, message: 'Your order is on its way' }]],
  [20, () => ['process_order', order(), { queue_name: 'orders', tags: ['web'] }]],
  [8, () => ['generate_report', { report_type: 'monthly', user_id: ++number }, { queue_name: 'reports' }]],
  [24, () => ['sleep', { seconds: between(0.02, 0.9) }, { queue_name: 'imports' }]],
  [4, () => ['sleep', { seconds: between(1, 4) }, { queue_name: 'imports', priority: 'low' }]],
  [3, () => ['flaky', { failures: 1 }, { queue_name: 'imports', max_tries: 5, retry_config: { strategy: 'fixed', delay: 20 } }]],
  [1, () => ['flaky', { failures: 9 }, { queue_name: 'imports', max_tries: 3, retry_config: { strategy: 'fixed', delay: 2 } }]],
  [0.5, () => ['process_order', order({ customer_email: 'ada at example.org' }), { queue_name: 'orders', tags: ['phone'] }]],
  [0.3, () => ['panics', {}, { queue_name: 'reports', max_tries: 2 }]],
  [1, () => ['send_notification', { user_id: ++number, message: 'A week with us' }, { delay: Math.round(between(600, 86_400)) }]],
];
const ALL = KINDS.reduce((sum, [share]) => sum + share, 0);

function job() {
  let at = Math.random() * ALL;
  return KINDS.find(([share]) => (at -= share) < 0)[1]();
}

let isOpen = true;

async function business() {
  const start = Date.now();
  while (isOpen) {
    // More and less, as the day goes.
    const tide = 4 + 2.5 * Math.sin((Date.now() - start) / 25_000);
    await Promise.all(Array.from({ length: Math.round(between(tide - 1, tide + 1)) }, () => api.enqueue(...job())));
    await wait(STEP_MS);
  }
}

const rates = (page) => page.locator('td[data-label="Per minute"]').allInnerTexts();

async function shoot(browser, ids) {
  const pages = {
    overview: '#/overview',
    job: `#/jobs/${ids.failed}`,
    failed: '#/failed',
    types: '#/types/process_order',
  };
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme });
    const page = await context.newPage();
    for (const [name, hash] of Object.entries(pages)) {
      await page.goto(`${BASE_URL}dashboard/${hash}`);
      await page.getByRole('button', { name: 'Live', exact: true }).waitFor();
      await settled(page);
      // A page knows how fast things go once it has watched for a while.
      if (name === 'overview') await until('rates are known', async () => !(await rates(page)).includes('–'));
      if (name === 'types') await page.getByLabel('order_id').fill('9007199254740993');
      const path = `${FOLDER}/dashboard-${name}-${colorScheme}.png`;
      await page.screenshot({ path });
      assert.ok(statSync(path).size < MOST_BYTES, `${path} is too large`);
    }
    await context.close();
  }
}

const browser = await launch();
const failed = await api.enqueue(
  'flaky',
  { failures: 9 },
  { queue_name: 'imports', max_tries: 4, tags: ['customer:4711'], retry_config: { strategy: 'custom', delays: [2, 5, 9] } },
);
const day = business();
await wait(Number(MINUTES) * 60_000);
await api.until(failed, 'failed');
await shoot(browser, { failed });
isOpen = false;
await day;
await browser.close();
