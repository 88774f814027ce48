/** On a server with API keys. READ_KEY: one that may only read. */
import assert from 'node:assert/strict';
import { scenario } from './support/stage.mjs';
import { pages, stock } from './support/stock.mjs';

const { READ_KEY } = process.env;
const ACTIONS = /^(Retry|Retry all|Delete|Delete all|Cancel|Run now|Edit and retry|Duplicate|Dispatch|Pause|Resume|Purge|Quiet|Stop|Verify)/;

scenario(
  'a key that reads shows everything and changes nothing',
  async ({ page, api, base, open }) => {
    const ids = await stock(api);
    await page.goto(`${base}dashboard/#/jobs?state=failed`);
    await page.getByLabel('API key').fill('jmk_wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('This is no key of this server.').waitFor();
    await page.getByLabel('API key').fill(READ_KEY);
    await page.keyboard.press('Enter');
    // Where the reader wanted to go.
    await page.locator('tbody tr').first().waitFor();
    assert.match(page.url(), /state=failed/);
    assert.equal(await page.locator('tbody input').count(), 0);
    await page.getByRole('button', { name: 'Live', exact: true }).waitFor();

    for (const [hash, title] of pages(ids)) {
      await open(hash);
      await page.locator('h1', { hasText: title }).waitFor();
      const labels = await page.locator('main button, main a.button').allInnerTexts();
      assert.deepEqual(labels.filter((label) => ACTIONS.test(label)), [], hash);
    }

    // The server does not count on the buttons.
    const post = (path) =>
      page.evaluate(async (path) => {
        const answer = await fetch(`../api/v1/${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        });
        return answer.status;
      }, path);
    assert.equal(await post('queues/held/resume'), 403);
    assert.equal(await post(`jobs/${ids.failed}/retry`), 403);
    assert.equal(await page.evaluate(() => document.cookie), '');
    assert.equal((await api.get(`jobs/${ids.failed}`)).status, 'failed');

    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('API key').waitFor();
    assert.equal(await page.evaluate(async () => (await fetch('../api/v1/overview')).status), 401);
    await page.reload();
    await page.getByLabel('API key').waitFor();
    assert.equal(await page.locator('tbody').count(), 0);
  },
  { expected: [/status of 40[13]/] },
);
