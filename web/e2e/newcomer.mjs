/** What somebody does on the first day, in one go. */
import assert from 'node:assert/strict';
import { scenario } from './support/stage.mjs';
import { until } from './support/until.mjs';

scenario('the path of a newcomer', async ({ page, api, base }) => {
  await page.goto(base);
  await page.waitForURL('**/dashboard/');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await page.getByRole('button', { name: 'Live', exact: true }).waitFor();
  // Gone if the page is loaded again: all that follows has to happen in this one.
  await page.evaluate(() => (window.isSame = true));

  await watchesAFlakyJob(page);
  await findsAFailedJobByItsError(page, api);
  await runsADelayedJobNow(page);
  await retriesFortyAtOnce(page, api);

  assert.ok(await page.evaluate(() => window.isSame));
});

async function watchesAFlakyJob(page) {
  await dispatch(page, 'flaky', async (form) => {
    await form.getByLabel('failures').fill('1');
    await form.getByText('Queue, priority').click();
    await form.getByLabel('Wait between tries').fill('4');
  });
  await page.locator('.badge.is-delayed').first().waitFor();
  const timeline = page.locator('.timeline');
  await timeline.getByText('failing attempt 1 of 1').first().waitFor();
  await timeline.getByText('Waits for the next try').waitFor();
  await page.locator('.facts .badge.is-completed').waitFor();
  assert.match(await timeline.innerText(), /Attempt 1[\s\S]*Waited for the next try[\s\S]*Attempt 2[\s\S]*completed/);
}

async function findsAFailedJobByItsError(page, api) {
  const lost = await api.enqueue('process_order', { order_id: 7, customer_email: 'juniper', items: [] });
  await api.enqueue('process_order', { order_id: 8, customer_email: 'hazel', items: [] });
  await api.until(lost, 'failed');
  await page.getByRole('link', { name: 'Jobs', exact: true }).first().click();
  await page.getByLabel('Where to search').selectOption('error');
  await page.locator('[data-search]').fill('juniper');
  await until('the search leaves the one job', async () => (await page.locator('tbody tr').count()) === 1);
  await page.locator('tbody .name').click();
  await page.getByRole('heading', { name: 'Why it failed' }).waitFor();
  assert.ok(page.url().endsWith(lost));
  assert.match(await page.locator('.failure').first().innerText(), /customer_email "juniper" is no address/);
}

async function runsADelayedJobNow(page) {
  await dispatch(page, 'echo', async (form) => {
    await form.getByLabel('value').fill('"from the form"');
    await form.getByText('Queue, priority').click();
    await form.getByLabel('Delay, seconds').fill('3600');
  });
  const why = page.getByLabel('Why it is not running');
  await why.getByRole('heading', { name: 'It runs later' }).waitFor();
  assert.match(await why.innerText(), /in (1 h|59 min|60 min)/);
  await page.getByRole('button', { name: 'Run now' }).click();
  await page.locator('.facts .badge.is-completed').waitFor();
  assert.equal(await why.count(), 0);
  const result = page.locator('.panel', { has: page.getByRole('heading', { name: 'Result' }) });
  assert.match(await result.innerText(), /"from the form"/);
}

async function retriesFortyAtOnce(page, api) {
  const ids = await api.enqueueAll(40, 'always_fails', {}, { queue_name: 'forty', max_tries: 1 });
  await until('all forty have failed', async () => (await api.queue('forty')).failed === 40);
  await page.getByRole('link', { name: 'Jobs', exact: true }).first().click();
  await page.getByRole('combobox', { name: 'Queue' }).selectOption('forty');
  await page.getByLabel('States').getByRole('link', { name: 'failed 40' }).click();
  await until('all are listed', async () => (await page.locator('tbody tr').count()) === 40);
  await page.locator('tbody .pick input').first().click();
  await page.getByRole('button', { name: 'All that match the filter' }).click();
  await page.locator('.list-bar').getByRole('button', { name: 'Retry' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Retry 40 jobs' }).click();
  await dialog.getByText('40 done.').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await dialog.waitFor({ state: 'detached' });
  await until('each has run once more', async () => (await api.queue('forty')).counters.processed === 80);
  const { history } = await api.until(ids[0], 'failed');
  assert.ok(history.length >= 1);

  await page.evaluate(() => (location.hash = '#/failed'));
  await page.locator('.group', { hasText: 'always_fails' }).first().getByRole('link', { name: 'Jobs' }).click();
  await until('its group is listed', async () => (await page.locator('tbody tr').count()) >= 40);
  assert.match(page.url(), /fingerprint=[0-9a-f]{16}/);
}

/** Dispatches a job of a type by its form and goes to the job's page. */
async function dispatch(page, type, fill) {
  await page.getByRole('link', { name: 'Types' }).click();
  await page.getByRole('link', { name: type, exact: true }).click();
  const form = page.locator('form.dispatch');
  await fill(form);
  await form.getByRole('button', { name: 'Dispatch' }).click();
  await form.locator('.success a').click();
  await page.locator('.timeline').waitFor();
}
